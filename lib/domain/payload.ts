// What may leave the house about an incident: no address behind the server, no query, no other tenant, no internals.
import { adviceFor, causeAmong } from "./cause.ts";
import { isStandalone, type NoticeContent, type NoticeKind } from "./notice.ts";
import { type Reason, REASONS, type Severity, type Status } from "./reason.ts";
import { runbookPath } from "./runbook.ts";
import { cleanText } from "./text.ts";

export interface Told {
  kind: NoticeKind;
  tenantName: string;
  subjectName: string;
  /** The registered URL, or "" where the subject is no server. */
  serverUrl: string;
  severity: Severity;
  status: Status;
  reason: Reason;
  evidence: string;
  regions: NoticeContent["regions"];
  startedAt: Date;
  incidentUrl: string;
  drill: boolean;
  by?: string;
}

const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b/g;
const IPV6 = /\[?(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f.]{0,15}){2,8}(?:%\w{1,16})?(?![\w:])\]?(?::\d{1,5})?/gi;
const CLOCK = /^\d{1,2}:\d\d:\d\d(\.\d+)?$/;
const QUERY = /(https?:\/\/[^\s"'”<>?#]*)[?#][^\s"'”<>]*/gi;
const USER_INFO = /(https?:\/\/)[^\s/@]*@/gi;

const IDS = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
/** What our own processes are called, where they are and which file failed: for the log, never for a payload. */
const INTERNALS: readonly [RegExp, string][] = [
  [/\b(?:file:\/\/|node:internal)[^\s"'”<>()]*/gi, "[path]"],
  [/(?<![\w:/.@-])(?:[A-Za-z]:)?(?:[\\/][\w.@+-]+)+\.(?:[cm]?[jt]sx?|node|lua|sql|sock)(?::\d+)*/g, "[path]"],
  [/(?<![\w:/.@-])\/(?:etc|home|mnt|opt|proc|root|tmp|usr|var)(?:\/[\w.@+-]+)+(?::\d+)*/g, "[path]"],
  [/\b(?:[a-z0-9-]{1,63}\.){1,8}(?:cluster\.local|internal|local|localdomain|lan|svc)\b(?::\d+)?/gi, "[host]"],
  [/\bpid[\s:=#]{1,3}\d+/gi, "[process]"],
  [/\b(?:lease(?:d_by|_until)?|fencing[ _]token|holder)\s?[:=#]\s?[\w:.-]+/gi, "[internal]"],
  [/\b(?:tocsin|bull):[\w:{}|-]+/g, "[internal]"],
];

/** Addresses, queries, user names, ids and words about our own processes out; what is left is one line. */
export function fitToLeave(text: string, max: number): string {
  // A megabyte is never walked through to keep five hundred characters of it.
  let out = text
    .slice(0, max * 4 + 256)
    .replace(USER_INFO, "$1")
    .replace(QUERY, "$1")
    .replace(IDS, "[id]");
  for (const [internal, instead] of INTERNALS) out = out.replace(internal, instead);
  return cleanText(
    out.replace(IPV6, (found) => (CLOCK.test(found) ? found : "[address]")).replace(IPV4, "[address]"),
    max,
  );
}

/** A notice as it leaves, whoever made it: what is made up of others' words is looked through once more. */
export function leaving(content: NoticeContent): NoticeContent {
  const { evidence, lines, regions } = content;
  return {
    ...content,
    evidence: fitToLeave(evidence, 500),
    ...(lines === undefined ? {} : { lines: lines.slice(0, 20).map((line) => fitToLeave(line, 200)) }),
    regions: regions.map((seen) => ({ ...seen, region: fitToLeave(seen.region, 80) })),
  };
}

/** Origin and path of a registered URL; "" when it is none. */
export function shareableUrl(raw: string): string {
  const url = URL.parse(raw);
  return url === null || !/^https?:$/.test(url.protocol) ? "" : `${url.origin}${url.pathname}`.slice(0, 2048);
}

export function noticeContent(told: Told, now: Date): NoticeContent {
  const rule = REASONS[told.reason];
  // A server is called what its tenant calls it; every other name is made of what was found.
  const name = told.serverUrl === "" ? fitToLeave(told.subjectName, 120) : cleanText(told.subjectName, 120);
  const by = told.by === undefined ? undefined : cleanText(told.by, 200);
  return {
    // Severity, state and who are said before it by every sink in its own way: said here as well, they are read twice.
    title: cleanText(`${name}: ${rule.label}`, 200),
    serverName: name,
    serverUrl: shareableUrl(told.serverUrl),
    tenantName: cleanText(told.tenantName, 200),
    severity: told.severity,
    status: told.status,
    reason: told.reason,
    reasonLabel: rule.label,
    advice: adviceFor(told.reason, causeAmong(told.reason, told.regions)),
    evidence: fitToLeave(told.evidence, 500),
    regions: told.regions.slice(0, 20),
    startedAt: told.startedAt.toISOString(),
    at: now.toISOString(),
    ...(by === undefined ? {} : { by }),
    durationS: Math.max(0, Math.round((now.getTime() - told.startedAt.getTime()) / 1000)),
    incidentUrl: told.incidentUrl,
    ...(isStandalone(told.kind) ? {} : { runbookUrl: new URL(runbookPath(told.reason), told.incidentUrl).href }),
    drill: told.drill,
  };
}
