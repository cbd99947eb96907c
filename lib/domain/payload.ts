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

/** Addresses, queries and user names out; what is left is one line. */
export function fitToLeave(text: string, max: number): string {
  return cleanText(
    text
      .replace(USER_INFO, "$1")
      .replace(QUERY, "$1")
      .replace(IPV6, (found) => (CLOCK.test(found) ? found : "[address]"))
      .replace(IPV4, "[address]"),
    max,
  );
}

/** Origin and path of a registered URL; "" when it is none. */
export function shareableUrl(raw: string): string {
  const url = URL.parse(raw);
  return url === null || !/^https?:$/.test(url.protocol) ? "" : `${url.origin}${url.pathname}`.slice(0, 2048);
}

export function noticeContent(told: Told, now: Date): NoticeContent {
  const rule = REASONS[told.reason];
  const name = cleanText(told.subjectName, 120);
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
