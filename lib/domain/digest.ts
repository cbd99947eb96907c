// What a digest says: how many were held back and why, by reason and by server, the top of each.
import { fitToLeave } from "./payload.ts";
import type { NoticeContent } from "./notice.ts";
import { REASONS, type Reason, type Severity } from "./reason.ts";
import { cleanText } from "./text.ts";

/** Tool changes of a day, and of a week from Monday on, are told at this hour, UTC. */
export const TOOLS_HOUR = 8;
const LINES = 12;

export interface HeldLine {
  name: string;
  severity: Severity;
  reason: Reason;
  /** Still failing as this is written, and nobody has it in hand. */
  live: boolean;
  /** A wider outage holds it on, until then at the latest. */
  waitsUntil?: Date | null;
}

export interface Digest {
  title: string;
  evidence: string;
  lines: string[];
  severity: Severity;
  reason: Reason;
}

/** @param from @param to the time in which they were held, UTC */
export function heldDigest(held: readonly HeldLine[], from: Date, to: Date): Digest {
  const at = (d: Date) => d.toISOString().slice(11, 16);
  const live = held.filter((h) => h.live).length;
  const waits = held.flatMap((h) => (h.live && h.waitsUntil ? [h.waitsUntil.getTime()] : []));
  const outage =
    waits.length === 0 ? "" : `when a wider outage ends, at the latest ${at(new Date(Math.max(...waits)))} UTC`;
  const then =
    waits.length === 0
      ? "from now on"
      : waits.length === live
        ? outage
        : `from now on, ${waits.length} of them ${outage}`;
  const reasons = top(held.map((h) => REASONS[h.reason].label));
  const servers = top(held.map((h) => h.name));
  const gravest = [...held].sort((a, b) => (a.severity < b.severity ? -1 : 1))[0];
  return {
    title: `${plural(held.length, "incident")} held back until ${at(to)} UTC`,
    evidence: `${plural(held.length, "incident")} since ${at(from)} UTC ${held.length === 1 ? "was" : "were"} not told one by one; ${live === 0 ? "each is over or somebody has it in hand" : `${live} still ${live === 1 ? "fails" : "fail"} and ${live === 1 ? "is" : "are"} told as the routes say ${then}`}.`,
    lines: [
      ...reasons.map(([label, n]) => `${n} × ${label}`),
      ...servers.map(([name, n]) => `${cleanText(name, 120)}: ${n}`),
    ].slice(0, 20),
    severity: gravest?.severity ?? "P3",
    reason: gravest?.reason ?? "not_checked",
  };
}

export interface ToolLine {
  server: string;
  counts: Partial<Record<"added" | "removed" | "renamed" | "signature" | "words", number>>;
  breaking: boolean;
}

const SHAPE: Record<keyof ToolLine["counts"], string> = {
  ...{ added: "added", removed: "removed", renamed: "renamed", signature: "changed their signature" },
  words: "reworded",
};

export function toolsDigest(changes: readonly ToolLine[], per: "day" | "week"): Digest {
  const servers = new Set(changes.map((c) => c.server)).size;
  const line = ({ server, counts, breaking }: ToolLine): string => {
    const parts = Object.entries(SHAPE).flatMap(([shape, word]) => {
      const n = counts[shape as keyof typeof SHAPE] ?? 0;
      return n > 0 ? [`${n} ${word}`] : [];
    });
    return cleanText(
      `${cleanText(server, 100)}: ${parts.join(", ") || "changed"}${breaking ? " (breaking)" : ""}`,
      200,
    );
  };
  const more = changes.length - LINES;
  return {
    title: `Tools changed on ${plural(servers, "server")} this ${per}`,
    evidence: `${plural(changes.length, "change")} that nobody had to be told of at once.`,
    lines: [...changes.slice(0, LINES).map(line), ...(more > 0 ? [`and ${more} more`] : [])],
    severity: "P4",
    reason: "schema_drift",
  };
}

export function digestContent(
  { title, evidence, lines, severity, reason }: Digest,
  of: { tenantName: string; url: string; since: Date; now: Date; drill?: boolean },
): NoticeContent {
  return {
    title: cleanText(title, 200),
    ...{ serverName: "", serverUrl: "", tenantName: cleanText(of.tenantName, 200) },
    ...{ severity, status: "unknown", reason, reasonLabel: REASONS[reason].label },
    advice: "Open the list to see each of them, what held it and who would have been told.",
    evidence: fitToLeave(evidence, 500),
    regions: [],
    startedAt: of.since.toISOString(),
    at: of.now.toISOString(),
    lines: lines.map((l) => fitToLeave(l, 200)),
    incidentUrl: of.url,
    drill: of.drill ?? false,
  };
}

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** The most frequent, with how often. */
function top(words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, LINES / 2);
}
