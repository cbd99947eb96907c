// Planned work that comes again, by the clock on the wall of its zone. A start that the wall clock skips in spring comes
// as much later as the clock was put forward; one that comes twice in autumn is taken the first time. How long it lasts
// is real time. Pure.
import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { isZone } from "./schedule.ts";
import { cleanText } from "./text.ts";

const DAY_MS = 86_400_000;
const MAX_MINUTES = 7 * 1440;
/** So far ahead a next time is looked for: the fifth Monday of every twelfth month comes within it. */
const FAR_DAYS = 366 * 12;

const date = (what: string) =>
  z.string().refine((text) => dayOf(text) !== null && text >= "2000-01-01" && text <= "2100-01-01", what);
const choice = z.coerce.number().int();

export const windowRule = z
  .strictObject({
    repeat: z.enum(["once", "days", "weeks", "months"], "Choose how often it comes."),
    /** Every so many days, weeks or months. */
    every: choice.min(1, "It comes every day, week or month at most.").max(366, "At most every 366.").default(1),
    /** ISO weekdays, 1 is Monday; of `weeks`. */
    weekdays: z.array(choice.min(1).max(7)).max(7).default([]),
    /** Of `months`: the first to fifth such weekday, or -1 for the last. */
    nth: choice.refine((n) => n === -1 || (n >= 1 && n <= 5), "Choose which one of the month.").default(1),
    weekday: choice.min(1).max(7).default(1),
    from: date("Choose the first day."),
    until: z.union([date("Choose the last day."), z.null(), z.literal("").transform(() => null)]).default(null),
    /** Local time of its start. */
    startsAt: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Write the start as HH:MM, for example 02:30."),
    minutes: z.coerce
      .number({ error: "Say for how many minutes." })
      .int()
      .min(1, "It lasts at least a minute.")
      .max(MAX_MINUTES, "It lasts at most 7 days."),
    zone: z.string().max(64).refine(isZone, "Choose a time zone, for example Europe/Berlin."),
  })
  .refine((r) => r.repeat !== "weeks" || r.weekdays.length > 0, {
    error: "Choose at least one day of the week.",
    path: ["weekdays"],
  })
  .refine((r) => r.until === null || r.until >= r.from, { error: "It ends before it begins.", path: ["until"] })
  // One that runs into its next time would hold back for good.
  .refine((r) => r.minutes < daysBetween(r) * 1440, {
    error: "It would not be over before it comes again: make it shorter.",
    path: ["minutes"],
  });
export type WindowRule = z.infer<typeof windowRule>;

/** Days from one beginning to the next, at least. */
function daysBetween({ repeat, every, weekdays }: { repeat: string; every: number; weekdays: number[] }): number {
  if (repeat === "days") return every;
  if (repeat !== "weeks") return Number.POSITIVE_INFINITY;
  const days = [...new Set(weekdays)].sort((a, b) => a - b);
  return Math.min(...days.map((day, i) => (days[i + 1] ?? (days[0] ?? day) + 7 * every) - day));
}

/** @returns null for what is no rule: it holds nothing back, which is the safe side */
export function ruleOfRow(raw: unknown): WindowRule | null {
  const parsed = windowRule.safeParse(raw);
  return parsed.success ? parsed.data : null;
}

export const windowInput = z.strictObject({
  windowId: z.union([z.uuid(), z.literal("").transform(() => undefined)]).optional(),
  /** Empty: every server of the tenant. */
  serverIds: z.array(z.uuid("Choose servers.")).max(500, "Choose at most 500 servers, or every one."),
  comment: z
    .string()
    .transform((raw) => cleanText(raw, 500))
    .refine((s) => s.length > 0, "Say in a few words what is done then, so that others understand it."),
  rule: windowRule,
});

export interface MaintenanceWindow {
  id: string;
  serverIds: readonly string[];
  comment: string;
  rule: WindowRule;
}

/** One time of it, epoch milliseconds; `end` is the first one after it. */
export interface Occurrence {
  start: number;
  end: number;
}

/** Days since 1970 of "2026-11-22"; null for what is no date. */
function dayOf(text: string): number | null {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : ms / DAY_MS;
}

/** ISO weekday: 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;
const mondayOf = (day: number): number => day - weekdayOf(day) + 1;

/** Does it begin on this day? @param day since 1970, as the wall calendar of its zone says */
function falls(rule: WindowRule, day: number): boolean {
  const first = dayOf(rule.from) ?? Number.POSITIVE_INFINITY;
  const last = rule.until === null ? Number.POSITIVE_INFINITY : (dayOf(rule.until) ?? Number.NEGATIVE_INFINITY);
  if (day < first || day > last) return false;
  if (rule.repeat === "once") return day === first;
  if (rule.repeat === "days") return (day - first) % rule.every === 0;
  if (rule.repeat === "weeks")
    return rule.weekdays.includes(weekdayOf(day)) && ((mondayOf(day) - mondayOf(first)) / 7) % rule.every === 0;
  if (weekdayOf(day) !== rule.weekday) return false;
  const [now, begun, nextWeek] = [day, first, day + 7].map((d) => new Date(d * DAY_MS)) as [Date, Date, Date];
  const month = (d: Date) => d.getUTCFullYear() * 12 + d.getUTCMonth();
  if ((month(now) - month(begun)) % rule.every !== 0) return false;
  return rule.nth === -1 ? month(nextWeek) !== month(now) : Math.ceil(now.getUTCDate() / 7) === rule.nth;
}

function startOn(rule: WindowRule, day: number): number {
  const local = `${new Date(day * DAY_MS).toISOString().slice(0, 10)}T${rule.startsAt}`;
  return Temporal.PlainDateTime.from(local).toZonedDateTime(rule.zone, { disambiguation: "compatible" })
    .epochMilliseconds;
}

/** Those that are not over at `after`, in their order, one under way first. */
export function occurrences(rule: WindowRule, after: Date, most: number): Occurrence[] {
  const lasts = rule.minutes * 60_000;
  const from = dayOf(rule.from) ?? 0;
  const first = Math.max(from, Math.floor((after.getTime() - lasts) / DAY_MS) - 2);
  const found: Occurrence[] = [];
  for (let day = first; day < first + FAR_DAYS && found.length < most; day++) {
    if (!falls(rule, day)) continue;
    const start = startOn(rule, day);
    // A zone that skips a whole day says the same moment for two: it comes once.
    if (start + lasts > after.getTime() && found.at(-1)?.start !== start) found.push({ start, end: start + lasts });
  }
  return found;
}

/** The one under way; of several the one that ends last. */
export function underWay(rule: WindowRule, now: Date): Occurrence | null {
  const lasts = rule.minutes * 60_000;
  const last = Math.floor(now.getTime() / DAY_MS) + 1;
  for (let day = last; day >= last - 3 - Math.ceil(lasts / DAY_MS); day--) {
    if (!falls(rule, day)) continue;
    const start = startOn(rule, day);
    if (start <= now.getTime() && now.getTime() < start + lasts) return { start, end: start + lasts };
  }
  return null;
}

export interface Holding<W extends MaintenanceWindow = MaintenanceWindow> extends Occurrence {
  window: W;
}

/** @param serverId null for an incident that has no server: only a window over every server holds it */
export function holdingWindow<W extends MaintenanceWindow>(
  windows: readonly W[],
  serverId: string | null,
  now: Date,
): Holding<W> | null {
  const holding = windows.flatMap((window) => {
    const over = window.serverIds.length === 0 || (serverId !== null && window.serverIds.includes(serverId));
    const time = over ? underWay(window.rule, now) : null;
    return time === null ? [] : [{ window, ...time }];
  });
  return holding.toSorted((a, b) => b.end - a.end)[0] ?? null;
}

export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
export const NTHS: Readonly<Record<string, string>> = {
  1: "first",
  2: "second",
  3: "third",
  4: "fourth",
  5: "fifth",
  [-1]: "last",
};

/** "Every second week on Tuesday and Friday at 02:30 Europe/Berlin, for 90 minutes". */
export function describeRule(rule: WindowRule): string {
  const every = (unit: string) => (rule.every === 1 ? `Every ${unit}` : `Every ${rule.every} ${unit}s`);
  const days = rule.weekdays.toSorted((a, b) => a - b).map((d) => WEEKDAYS[d - 1] ?? "");
  const when = {
    once: `Once, on ${rule.from},`,
    days: every("day"),
    weeks: `${every("week")} on ${days.join(", ")}`,
    months: `${every("month")} on the ${NTHS[rule.nth]} ${WEEKDAYS[rule.weekday - 1]}`,
  }[rule.repeat];
  const bounds =
    rule.repeat === "once" ? "" : `, from ${rule.from}${rule.until === null ? "" : ` until ${rule.until}`}`;
  return `${when} at ${rule.startsAt} ${rule.zone}, for ${lasting(rule.minutes)}${bounds}`;
}

const lasting = (minutes: number): string =>
  minutes % 60 === 0 && minutes > 60 ? `${minutes / 60} hours` : minutes === 60 ? "1 hour" : `${minutes} minutes`;

/** "Sun 2026-03-29 03:30 +02:00": the clock on the wall there, with its distance to UTC, for two that look the same. */
export function wallClock(ms: number, zone: string): string {
  const at = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  return `${(WEEKDAYS[at.dayOfWeek - 1] ?? "").slice(0, 3)} ${at.toPlainDate()} ${at.toPlainTime().toString({ smallestUnit: "minute" })} ${at.offset}`;
}
