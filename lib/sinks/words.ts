// What every sink says, in the same words: severity and state by shape and word, never by colour alone.
import { isStandalone, type Notice, type NoticeContent, type NoticeKind } from "../domain/notice.ts";
import type { Status } from "../domain/reason.ts";
import { isoTime, link, oneLine } from "./text.ts";

export const STATUS_WORDS: Record<Status, string> = {
  up: "● Up",
  degraded: "▲ Degraded",
  down: "■ Down",
  unknown: "○ Unknown",
};
const STATUS_COLOURS: Record<Status, number> = { up: 0x2e9e5b, degraded: 0xd08700, down: 0xd03b3b, unknown: 0x7a7f87 };
export const REPEAT_MARK = "Sent again: an earlier answer was lost, so this may be a repeat.";

const LEAD: Record<NoticeKind, (c: NoticeContent) => string> = {
  trigger: (c) => `${c.severity} ${STATUS_WORDS[c.status]}`,
  update: (c) => `${c.severity} ${STATUS_WORDS[c.status]} (update)`,
  acknowledge: (c) => `${c.severity} Acknowledged${c.by ? ` by ${oneLine(c.by, 80)}` : ""}`,
  resolve: (c) =>
    `✔ Resolved${c.by ? ` by ${oneLine(c.by, 80)}` : ""}${c.durationS === undefined ? "" : ` after ${duration(c.durationS)}`}`,
  test: () => "Test message from Tocsin, nothing is wrong",
  visit: () => "A visit of our staff",
  digest: () => "Held back and counted",
  challenge: (c) => (c.code === undefined ? "Is this yours?" : `Code ${oneLine(c.code, 64)}`),
  reminder: () => "Reminder",
};

/** The line a lock screen shows. Unescaped, at most `max` units. */
export function headline(notice: Notice, max: number): string {
  const drill = notice.content.drill ? "[DRILL] " : "";
  return oneLine(`${drill}${LEAD[notice.kind](notice.content)}: ${oneLine(notice.content.title, max)}`, max);
}

export interface Fact {
  label: string;
  value: string;
}

/** Label and value pairs, unescaped: the same four first wherever there is room for four only. */
export function facts(notice: Notice): Fact[] {
  const c = notice.content;
  if (notice.kind === "visit")
    return [
      { label: "Who", value: oneLine(c.by ?? "", 200) },
      { label: "Why", value: oneLine(c.evidence, 500) },
      { label: "From", value: moment(c.startedAt) },
      { label: "Tenant", value: oneLine(c.tenantName, 200) },
    ];
  if (isStandalone(notice.kind) && notice.kind !== "test")
    return [
      ...(c.code === undefined ? [] : [{ label: "Code", value: oneLine(c.code, 64) }]),
      { label: "Tenant", value: oneLine(c.tenantName, 200) },
      { label: "At", value: moment(c.at) },
    ];
  const all: (Fact | null)[] = [
    { label: "Server", value: oneLine(c.serverName, 200) },
    { label: "Reason", value: oneLine(c.reasonLabel, 100) },
    { label: "Seen from", value: regions(c) },
    { label: "Since", value: moment(c.startedAt) },
    c.durationS === undefined ? null : { label: "Lasted", value: duration(c.durationS) },
    { label: "Address", value: oneLine(c.serverUrl, 300) },
    { label: "Tenant", value: oneLine(c.tenantName, 200) },
  ];
  return all.filter((f): f is Fact => f !== null && f.value !== "");
}

/** The state's colour as 0xRRGGBB; a drill and a test never look like the real thing. */
export function colour(notice: Notice): number {
  if (notice.content.drill) return 0x7c5cd6;
  if (notice.kind === "resolve") return STATUS_COLOURS.up;
  return isStandalone(notice.kind) ? STATUS_COLOURS.unknown : STATUS_COLOURS[notice.content.status];
}

/** What to do and what was seen, one sentence each; unescaped. When all is over there is nothing to do. */
export function sentences(notice: Notice): { advice: string; evidence: string } {
  if (notice.kind === "test") return { advice: "If you can read this, this sink works.", evidence: "" };
  if (notice.kind === "visit") return { advice: oneLine(notice.content.advice, 500), evidence: "" };
  if (isStandalone(notice.kind)) {
    const { advice, evidence, lines = [] } = notice.content;
    return { advice: oneLine(advice, 500), evidence: oneLine([evidence, ...lines].filter(Boolean).join(" · "), 900) };
  }
  if (notice.kind === "resolve") return { advice: "", evidence: oneLine(notice.content.evidence, 500) };
  return { advice: oneLine(notice.content.advice, 500), evidence: oneLine(notice.content.evidence, 500) };
}

export interface Action {
  id: "acknowledge" | "resolve" | "incident" | "runbook" | "visit" | "page";
  label: string;
  url: string;
}

/** Links to the console, where a session is needed; what is already done is not offered again. */
export function actions(notice: Notice): Action[] {
  const c = notice.content;
  const page = link(c.incidentUrl);
  const all: (Action | null)[] = [];
  if (notice.kind === "visit") return page ? [{ id: "visit", label: "See visits, end this one", url: page }] : [];
  if (isStandalone(notice.kind) && notice.kind !== "test")
    return page
      ? [{ id: "page", label: notice.kind === "challenge" && c.to ? "Confirm" : "Open in Tocsin", url: page }]
      : [];
  if (page) {
    const open = notice.kind === "trigger" || notice.kind === "update";
    const act = link(notice.act?.url);
    if (open) all.push({ id: "acknowledge", label: "Acknowledge", url: act ?? `${page}#acknowledge` });
    if (open || notice.kind === "acknowledge")
      all.push({ id: "resolve", label: "Resolve", url: act ?? `${page}#resolve` });
    if (!open) all.push({ id: "incident", label: "Open incident", url: page });
  }
  const runbook = link(c.runbookUrl);
  if (runbook) all.push({ id: "runbook", label: "Runbook", url: runbook });
  return all.filter((a): a is Action => a !== null);
}

function regions(c: NoticeContent): string {
  return oneLine(
    c.regions
      .slice(0, 20)
      .map((r) => `${oneLine(r.region, 40)} ${STATUS_WORDS[r.status]}`)
      .join(", "),
    400,
  );
}

function moment(iso: string): string {
  return (isoTime(iso) ?? "").replace("T", " ").replace(/:\d\d\.\d{3}Z$/, " UTC");
}

/** @param seconds whole seconds @returns e.g. "2 h 5 min" */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  const [days, hours, minutes] = [Math.floor(s / 86_400), Math.floor(s / 3_600) % 24, Math.floor(s / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}
