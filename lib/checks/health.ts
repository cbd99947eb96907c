// A health address's answer, status and body both; PURE. A body that says it is not well is believed whatever the status.
import { excess } from "../domain/canonical-json.ts";
import type { HealthRule } from "../domain/extra-check/families.ts";
import { parsed } from "../domain/extra-check/form.ts";
import { type HealthSettings, limitMs, rulesOf, statusFits } from "../domain/extra-check/health-url.ts";
import { valuesAt } from "../domain/extra-check/json-path.ts";
import { isRecord } from "../domain/surface.ts";
import { cleanText } from "../domain/text.ts";
import { failing, fine, type Look } from "./extra.ts";

export interface HealthAnswer {
  status: number;
  body: string;
  /** There was more than is read. */
  cut: boolean;
  latencyMs: number;
}

/** Words that health endpoints use for "not well"; what is none of these and none of the good ones is left to the rules. */
const UNWELL =
  /^(degraded|fail(ed|ing|ure)?|errors?|down|unhealthy|not[ _-]?(ok|ready|healthy)|critical|warn(ing)?|partial|out[ _]of[ _]service|unavailable|outage|major|minor)$/i;

/** @param nowMs epoch milliseconds, for rules on age */
export function judgeHealth(settings: HealthSettings, answer: HealthAnswer, nowMs: number): Look {
  const body = answer.cut ? undefined : jsonOf(answer.body);
  const says = unwell(body);
  const told = says === null ? "" : ` The body says “${says}”.`;
  if (answer.status >= 300 && answer.status < 400 && !statusFits(settings, answer.status))
    return failing("health_status", `It redirects (HTTP ${answer.status}): register the address that it leads to.`);
  if (!statusFits(settings, answer.status))
    // A page is not quoted: a monitor must not be a way to read what is meant for others.
    return failing(
      "health_status",
      `HTTP ${answer.status}.${told}${told === "" && body !== undefined ? quoted(answer.body) : ""}`,
    );
  if (says !== null) return failing("health_body", `HTTP ${answer.status}, and the body says “${says}”.`);
  if (settings.contains !== "" && !answer.body.includes(settings.contains))
    return failing("health_body", `The body does not contain “${cleanText(settings.contains, 80)}”.`);
  const rules = rulesOf(settings);
  if (rules.length > 0 && answer.cut)
    return failing("health_body", "The body is longer than 256 KiB and was not read.");
  if (rules.length > 0 && body === undefined) return failing("health_body", "The body is no JSON that can be read.");
  for (const rule of rules) {
    const broken = brokenRule(rule, body, nowMs);
    if (broken !== null) return failing("health_body", broken);
  }
  const limit = limitMs(settings);
  if (answer.latencyMs > limit)
    return failing("health_slow", `It took ${Math.round(answer.latencyMs)} ms, and ${limit} ms are the limit.`);
  return fine(`HTTP ${answer.status} in ${Math.round(answer.latencyMs)} ms.`);
}

function jsonOf(body: string): unknown {
  const value = parsed(body.startsWith("\ufeff") ? body.slice(1) : body);
  return value === undefined || excess(value) !== null ? undefined : value;
}

/** The body's own word on itself, when it is a bad one. */
function unwell(body: unknown): string | null {
  if (!isRecord(body)) return null;
  const word = [body.status, body.state, body.health].find((v) => typeof v === "string");
  if (word !== undefined && UNWELL.test(word.trim())) return cleanText(word, 40);
  return body.ok === false || body.healthy === false ? "not ok" : null;
}

const quoted = (body: string) => (body.trim() === "" ? "" : ` “${cleanText(body, 120)}”`);

/** @returns our sentence, or null when the rule is kept */
function brokenRule(rule: HealthRule, body: unknown, nowMs: number): string | null {
  let values: unknown[];
  let other: unknown;
  try {
    values = valuesAt(rule.path, body);
    other = rule.aboveTimes === undefined ? undefined : valuesAt(rule.aboveTimes.path, body)[0];
  } catch {
    return `The path ${rule.path} cannot be read.`;
  }
  if (rule.present === true) return values.length > 0 ? `Something stands at ${rule.path}.` : null;
  if (values.length === 0) return rule.optional === true ? null : `Nothing stands at ${rule.path}.`;
  for (const value of values) {
    const fault = faultOf(rule, value, other, nowMs);
    if (fault !== null) return `At ${rule.path}: ${fault}.`;
  }
  return null;
}

function faultOf(rule: HealthRule, value: unknown, other: unknown, nowMs: number): string | null {
  const shown = cleanText(JSON.stringify(value) ?? "nothing", 60);
  const wantsNumber = rule.above !== undefined || rule.below !== undefined || rule.aboveTimes !== undefined;
  if (wantsNumber && !(typeof value === "number" && Number.isFinite(value))) return `${shown} is no number`;
  const n = value as number;
  if (rule.above !== undefined && n > rule.above) return `${n} is above ${rule.above}`;
  if (rule.below !== undefined && n < rule.below) return `${n} is below ${rule.below}`;
  if (rule.aboveTimes !== undefined) {
    if (typeof other !== "number") return `${rule.aboveTimes.path} is no number`;
    if (n > rule.aboveTimes.times * other) return `${n} is above ${rule.aboveTimes.times} × ${other}`;
  }
  if (rule.in?.some((v) => alike(v, value))) return `${shown} is a bad value`;
  if (rule.notIn !== undefined && !rule.notIn.some((v) => alike(v, value)))
    return `${shown} is not ${list(rule.notIn)}`;
  if (rule.empty === true && isEmpty(value)) return "it is empty";
  return rule.olderThanS === undefined ? null : tooOld(value, rule.olderThanS, nowMs);
}

const alike = (a: unknown, b: unknown) =>
  typeof a === "string" && typeof b === "string" ? a.toLowerCase() === b.trim().toLowerCase() : a === b;
const list = (values: readonly unknown[]) => cleanText(values.map((v) => JSON.stringify(v)).join(" or "), 80);
const isEmpty = (value: unknown) =>
  value === null || value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/** ISO text, or epoch in seconds or milliseconds: by size, since no health endpoint speaks of before 2001. */
function tooOld(value: unknown, maxS: number, nowMs: number): string | null {
  const at =
    typeof value === "number"
      ? value > 1e12
        ? value
        : value * 1_000
      : Date.parse(typeof value === "string" ? value : "");
  if (!Number.isFinite(at)) return "it is no time";
  const ageS = Math.round((nowMs - at) / 1_000);
  return ageS > maxS ? `${ageS} s old, and ${maxS} s are the limit` : null;
}
