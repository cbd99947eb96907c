// An alert of another monitor, whatever it was sent as: made fit to keep, with the mark that tells it from the others.
// Everything in it was written by strangers.
import { createHash } from "node:crypto";
import type { Severity } from "./reason.ts";
import { cleanText } from "./text.ts";

export const SOURCE_KINDS = ["alertmanager", "generic"] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export const MAX_LABELS = 50;
export const MAX_VALUE = 1_024;
export const MAX_NAME = 128;
/** All labels of one alert as JSON in UTF-8; the table takes no more than twice that. */
const MAX_LABELS_KIB = 64;
/** In one request; over it nothing of the request is taken. */
export const MAX_ALERTS = 2_000;
/** Of one source that wait to be looked at; over it the source is asked to come again. */
export const MAX_WAITING = 10_000;

export interface InboundAlert {
  fingerprint: string;
  status: "firing" | "resolved";
  /** null: it says none that we know, so its source's default holds. */
  severity: Severity | null;
  title: string;
  body: string;
  labels: Record<string, string>;
  /** Where the other monitor shows it; "" when it says none. */
  link: string;
  startsAt: Date;
  /** When it is over unless sent again; null: when its source says so. */
  endsAt: Date | null;
}

/** What of a request is taken, and what is not with why. */
export interface Taken {
  alerts: InboundAlert[];
  refused: string[];
}

const GRAVE: Readonly<Record<string, Severity>> = {
  ...{ p1: "P1", critical: "P1", page: "P1", emergency: "P1", disaster: "P1" },
  ...{ p2: "P2", error: "P2", high: "P2", major: "P2" },
  ...{ p3: "P3", warning: "P3", warn: "P3", minor: "P3", medium: "P3", average: "P3" },
  ...{ p4: "P4", info: "P4", information: "P4", low: "P4", none: "P4" },
};

/** What other monitors call it, in our words; null for a word that is not known. */
export function severityIn(word: unknown): Severity | null {
  const name = typeof word === "string" ? word.trim().toLowerCase() : "";
  return Object.hasOwn(GRAVE, name) ? (GRAVE[name] as Severity) : null;
}

/** Names that an object has of itself. */
const OWN = new Set(["__proto__", "constructor", "prototype"]);

/** @returns the labels as they are kept, or one sentence that says why not */
export function fitLabels(given: unknown): Record<string, string> | string {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return "Its labels are no object.";
  const entries = Object.entries(given);
  if (entries.length > MAX_LABELS) return `It has more than ${MAX_LABELS} labels.`;
  const kept: [string, string][] = [];
  for (const [name, value] of entries) {
    if (typeof value !== "string") return "A label's value is no text.";
    if (OWN.has(name) || name.length > MAX_NAME || name === "" || cleanText(name, MAX_NAME) !== name)
      return "A label's name is not understood.";
    if (value.length > MAX_VALUE) return `A label's value is longer than ${MAX_VALUE} characters.`;
    const clean = cleanText(value, MAX_VALUE);
    if (clean !== "") kept.push([name, clean]);
  }
  const labels = Object.fromEntries(kept);
  if (Buffer.byteLength(JSON.stringify(labels)) > MAX_LABELS_KIB * 1024)
    return `Its labels take more than ${MAX_LABELS_KIB} KiB.`;
  return labels;
}

/** The same labels are the same alert, in whatever order they come. */
export function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}

/** Only what a browser may be sent to. */
export function fitLink(raw: unknown): string {
  const url = typeof raw === "string" && raw.length <= 2_048 ? URL.parse(raw) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" ? url.href.slice(0, 2_048) : "";
}

/** RFC 3339; null when absent, the zero time of Go, or no time at all. */
export function timeIn(raw: unknown): Date | null {
  if (typeof raw !== "string" || raw.length > 40 || !/^\d{4}-\d\d-\d\dT/.test(raw)) return null;
  const at = new Date(raw);
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1971 || at.getUTCFullYear() > 9998 ? null : at;
}

/** No start in the future and none further back than a year: a wrong clock must not order what comes later. */
export function fitStart(at: Date | null, now: Date): Date {
  if (at === null || at > now) return now;
  const oldest = new Date(now.getTime() - 365 * 86_400_000);
  return at < oldest ? oldest : at;
}

export const alertKey = (sourceId: string, fingerprint: string): string => `source:${sourceId}:${fingerprint}`;
