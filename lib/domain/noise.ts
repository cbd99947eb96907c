// Who was paged how often, what nobody acted on, and what might be done about it: one fold over what was told. Pure.
import { type Reason, REASONS } from "./reason.ts";

/** One page: one incident to one sink. Times are epoch milliseconds. */
export interface Page {
  at: number;
  sinkId: string;
  sink: string;
  /** Whom the sink reaches, where a schedule or a policy named somebody. */
  person: string | null;
  incidentId: string;
  serverId: string | null;
  subject: string;
  reason: string;
  startedAt: number;
  acknowledgedAt: number | null;
  resolvedAt: number | null;
  /** Somebody closed it by hand. */
  byHand: boolean;
}

export interface Line {
  key: string;
  name: string;
  pages: number;
  /** Between 22:00 and 07:00 by the given clock. */
  night: number;
  incidents: number;
  /** Told, never acknowledged, and over by itself. */
  ignored: number;
}

export interface NoisyServer extends Line {
  suggestion: string | null;
}

export interface Noise {
  pages: number;
  night: number;
  incidents: number;
  ignored: number;
  /** From the first page to the acknowledge, of incidents that somebody acknowledged. */
  medianAckMs: number | null;
  sinks: Line[];
  people: Line[];
  reasons: Line[];
  servers: NoisyServer[];
}

/** @param hourOf the hour of day, 0 to 23, by the clock on the reader's wall */
export function noise(pages: readonly Page[], hourOf: (at: number) => number): Noise {
  const atNight = (at: number) => {
    const hour = hourOf(at);
    return hour >= 22 || hour < 7;
  };
  const line = (key: string, name: string, of: readonly Page[]): Line => {
    const incidents = firsts(of);
    return {
      ...{ key, name, pages: of.length, incidents: incidents.length },
      night: of.filter((p) => atNight(p.at)).length,
      ignored: incidents.filter(isIgnored).length,
    };
  };
  const by = (keyOf: (p: Page) => string | null, nameOf: (p: Page) => string) =>
    [...Map.groupBy(pages, keyOf)]
      .flatMap(([key, of]) => (key === null || of[0] === undefined ? [] : [{ of, line: line(key, nameOf(of[0]), of) }]))
      .sort((a, b) => b.line.pages - a.line.pages || a.line.name.localeCompare(b.line.name));
  const all = line("", "", pages);
  const lines = (found: { line: Line }[]) => found.map((f) => f.line);
  return {
    ...{ pages: all.pages, night: all.night, incidents: all.incidents, ignored: all.ignored },
    medianAckMs: median(firsts(pages).flatMap((p) => (p.acknowledgedAt === null ? [] : [p.acknowledgedAt - p.at]))),
    sinks: lines(
      by(
        (p) => p.sinkId,
        (p) => p.sink,
      ),
    ),
    people: lines(
      by(
        (p) => p.person,
        (p) => p.person ?? "",
      ),
    ),
    reasons: lines(
      by(
        (p) => p.reason,
        (p) => labelOf(p.reason),
      ),
    ),
    servers: by(
      (p) => p.serverId,
      (p) => p.subject,
    ).map(({ of, line: l }) => ({
      ...l,
      suggestion: suggestion(firsts(of), hourOf),
    })),
  };
}

/** The first page of each incident. */
function firsts(pages: readonly Page[]): Page[] {
  return [...Map.groupBy(pages, (p) => p.incidentId).values()].flatMap(
    (of) => of.toSorted((a, b) => a.at - b.at)[0] ?? [],
  );
}

const isIgnored = (p: Page): boolean => p.acknowledgedAt === null && p.resolvedAt !== null && !p.byHand;
const labelOf = (reason: string) => (Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason].label : reason);

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

const SEVERAL = 4;
const SHORT_MS = 600_000;

/** What would have spared pages of this server. @returns null where nothing stands out */
function suggestion(incidents: readonly Page[], hourOf: (at: number) => number): string | null {
  if (incidents.length < SEVERAL) return null;
  const most = (share: number, of: readonly Page[]) => of.length >= SEVERAL && of.length >= share * incidents.length;
  const hours = [...Map.groupBy(incidents, (p) => hourOf(p.startedAt))].sort((a, b) => b[1].length - a[1].length);
  const [hour, atOnce] = hours[0] ?? [0, []];
  const days = new Set(atOnce.map((p) => Math.floor(p.startedAt / 86_400_000))).size;
  if (most(0.6, atOnce) && days >= 3)
    return `Most begin between ${two(hour)}:00 and ${two((hour + 1) % 24)}:00, on ${days} days: if that is planned work, plan a maintenance window.`;
  const short = incidents.filter((p) => isIgnored(p) && (p.resolvedAt ?? 0) - p.startedAt < SHORT_MS);
  if (most(0.6, short))
    return `${short.length} of ${incidents.length} were over within ten minutes before anybody acted: raise after how many failures it fires.`;
  const near = incidents.filter((p) =>
    incidents.some((o) => o !== p && Math.abs(o.startedAt - p.startedAt) < 3_600_000),
  );
  if (most(0.6, near)) return "It goes down again within the hour, again and again: find out why it flaps.";
  const ignored = incidents.filter(isIgnored);
  if (most(0.8, ignored))
    return "Hardly anybody acts on it: give its reason a milder severity, or send it to chat only.";
  return null;
}

const two = (hour: number) => String(hour).padStart(2, "0");
