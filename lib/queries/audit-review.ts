// One day of a tenant's log for the person who reviews it: what is unusual with its reasons, how much of what there was
// beside the week before, where no checkpoint was made; and which days are reviewed. Days are UTC.
import type { Tx } from "#lib/adapters/db";
import { bodyOf } from "#lib/domain/audit-row";
import { type Act, type Finding, unusual, USUAL_DAYS, type Usual } from "#lib/domain/unusual";
import { DAY_MS, dayOf, dayStart, daysAfter } from "#lib/domain/utc-day";
import { knownPeople } from "./approvers.ts";
import { isPerson, SHELL } from "./audit.ts";

/** More acts than these on one day are not judged; the page says so. */
export const JUDGED_AT_MOST = 50_000;
/** A day stays on the list of those to review for so long. */
export const LOOK_BACK_DAYS = 14;
const GAP_S = 180;
/** A review is no event that asks for another review. */
const ITSELF = "audit.review";

export interface DayReview {
  findings: Finding[];
  events: number;
  /** More than could be judged. */
  cut: boolean;
  /** Stretches without a checkpoint, seconds. */
  gaps: { from: number; to: number }[];
}

/** @param day as dayOf writes it */
export async function reviewOf(tx: Tx, tenantId: string, day: string): Promise<DayReview> {
  const start = new Date(dayStart(day) ?? 0);
  const end = new Date(start.getTime() + DAY_MS);
  const rows = await tx.$queryRaw<
    (Pick<Act, "id" | "actor" | "actAs" | "grantId" | "action" | "target"> & {
      at: Date;
      text: string;
      from: string | null;
    })[]
  >`
    SELECT e.id::text, e.at, e.actor::text, e.act_as::text AS "actAs", e.grant_id::text AS "grantId", e.action, e.target,
      -- Only what the rules look at: a long body says nothing more.
      CASE WHEN length(e.body) < 4000 THEN e.body ELSE '{}' END AS text, p.from_address AS from
    FROM audit.event e LEFT JOIN audit.pii p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
    WHERE e.tenant_id = ${tenantId}::uuid AND e.at >= ${start} AND e.at < ${end} AND e.action <> ${ITSELF}
    ORDER BY e.at LIMIT ${JUDGED_AT_MOST + 1}`;
  const acts = rows.slice(0, JUDGED_AT_MOST).map(
    ({ text, at, from, ...r }): Act => ({
      ...r,
      ...{ at: at.getTime(), from: from ?? "", body: bodyOf(text) },
      ...{ service: !isPerson(r.actor) && r.actor !== SHELL, shell: r.actor === SHELL },
    }),
  );
  return {
    findings: unusual(acts, await usualBefore(tx, tenantId, start, acts)),
    events: acts.length,
    cut: rows.length > JUDGED_AT_MOST,
    gaps: await gapsOf(tx, start, end),
  };
}

async function usualBefore(tx: Tx, tenantId: string, start: Date, acts: readonly Act[]): Promise<Usual> {
  const since = new Date(start.getTime() - USUAL_DAYS * DAY_MS);
  const people = [...new Set(acts.filter((a) => !a.service).map((a) => a.actor))];
  const rows = await tx.$queryRaw<{ actor: string; action: string; hour: number; n: number }[]>`
    SELECT actor::text, action, extract(hour FROM at AT TIME ZONE 'UTC')::int AS hour, count(*)::int AS n
    FROM audit.event WHERE tenant_id = ${tenantId}::uuid AND actor = ANY(${people}::uuid[]) AND at >= ${since} AND at < ${start}
    GROUP BY 1, 2, 3`;
  const done = new Map<string, Map<string, number>>();
  const hours = new Map<string, number[]>();
  for (const { actor, action, hour, n } of rows) {
    const own = done.get(actor) ?? new Map<string, number>();
    own.set(action, (own.get(action) ?? 0) + n);
    done.set(actor, own);
    const day = hours.get(actor) ?? Array.from({ length: 24 }, () => 0);
    day[hour] = (day[hour] ?? 0) + n;
    hours.set(actor, day);
  }
  const pairs = [...new Set(acts.filter((a) => a.from !== "" && !a.service).map((a) => `${a.actor} ${a.from}`))];
  const seen = await tx.$queryRaw<{ pair: string }[]>`
    SELECT w.actor || ' ' || w.address AS pair
    FROM (SELECT split_part(p, ' ', 1) AS actor, split_part(p, ' ', 2) AS address FROM unnest(${pairs}::text[]) AS p) w
    WHERE EXISTS (SELECT 1 FROM audit.pii i JOIN audit.chain c ON c.tenant_id = i.tenant_id AND c.event_id = i.event_id
      JOIN audit.event e ON e.at = c.event_at AND e.id = c.event_id
      WHERE i.tenant_id = ${tenantId}::uuid AND i.from_address = w.address AND e.actor = w.actor::uuid AND e.at >= ${since} AND e.at < ${start})`;
  const known = new Set(seen.map((s) => s.pair));
  return { acts: done, hours, newAddresses: new Set(pairs.filter((p) => !known.has(p))) };
}

/** Times of the day with no checkpoint for longer than promised, also one that is still open or began the day before. */
async function gapsOf(tx: Tx, start: Date, end: Date): Promise<{ from: number; to: number }[]> {
  const rows = await tx.$queryRaw<{ from: Date; to: Date }[]>`
    SELECT before AS "from", at AS "to" FROM (
      SELECT at, lag(at) OVER (ORDER BY no) AS before FROM audit.checkpoint
      WHERE at >= ${start}::timestamptz - interval '1 day' AND at < ${end}) c
    WHERE at >= ${start} AND at - before > make_interval(secs => ${GAP_S}) ORDER BY at LIMIT 20`;
  return rows.map((r) => ({ from: r.from.getTime(), to: r.to.getTime() }));
}

export interface Trend {
  action: string;
  count: number;
  /** On an average day of the seven before. */
  before: number;
}

/** How much of what there was, with the week before beside it: the largest change first. */
export async function trendOf(tx: Tx, tenantId: string, day: string): Promise<Trend[]> {
  const start = new Date(dayStart(day) ?? 0);
  const rows = await tx.$queryRaw<{ action: string; count: number; week: number }[]>`
    SELECT action, count(*) FILTER (WHERE at >= ${start})::int AS count, count(*) FILTER (WHERE at < ${start})::int AS week
    FROM audit.event WHERE tenant_id = ${tenantId}::uuid AND at >= ${new Date(start.getTime() - 7 * DAY_MS)}
      AND at < ${new Date(start.getTime() + DAY_MS)} GROUP BY action`;
  return rows
    .map((r) => ({ action: r.action, count: r.count, before: r.week / 7 }))
    .sort((a, b) => Math.abs(b.count - b.before) - Math.abs(a.count - a.before) || a.action.localeCompare(b.action));
}

export type DayState = "reviewed" | "due" | "overdue" | "empty";

export interface ReviewDay {
  day: string;
  state: DayState;
  review: {
    by: string;
    byId: string;
    at: number;
    note: string;
    events: number;
    unusual: number;
    ownActs: number;
  } | null;
}

/** The last days that are over, newest first. Yesterday's is due today, an older one is overdue. */
export async function reviewDays(tx: Tx, tenantId: string, now: Date): Promise<ReviewDay[]> {
  const today = dayOf(now.getTime());
  const days = Array.from({ length: LOOK_BACK_DAYS }, (_, i) => daysAfter(today, -1 - i));
  const reviews = await tx.auditReview.findMany({ where: { tenantId, day: { in: days } } });
  const names = new Map(
    (
      await tx.person.findMany({
        where: { id: { in: reviews.map((r) => r.reviewedBy) } },
        select: { id: true, name: true },
      })
    ).map((p) => [p.id, p.name]),
  );
  const busy = new Set(await daysWithEvents(tx, tenantId, days));
  return days.map((day, i): ReviewDay => {
    const r = reviews.find((one) => one.day === day);
    if (r === undefined) return { day, state: busy.has(day) ? (i === 0 ? "due" : "overdue") : "empty", review: null };
    const { note, events, unusual: odd, ownActs, reviewedBy } = r;
    const by = names.get(reviewedBy) ?? "somebody";
    return {
      ...{ day, state: "reviewed" },
      review: { by, byId: reviewedBy, at: r.reviewedAt.getTime(), note, events, unusual: odd, ownActs },
    };
  });
}

/** One look into the index for each day. */
async function daysWithEvents(tx: Tx, tenantId: string, days: readonly string[]): Promise<string[]> {
  const starts = days.map((day) => `${day}T00:00:00Z`);
  const rows = await tx.$queryRaw<{ day: string }[]>`
    SELECT d.day FROM unnest(${[...days]}::text[], ${starts}::timestamptz[]) AS d(day, start) CROSS JOIN LATERAL (
      SELECT 1 FROM audit.event e WHERE e.tenant_id = ${tenantId}::uuid AND e.action <> ${ITSELF}
        AND e.at >= d.start AND e.at < d.start + interval '1 day' ORDER BY e.at LIMIT 1) one`;
  return rows.map((r) => r.day);
}

/** How many days nobody has looked at, for the one line that says so. */
export async function overdueReviews(tx: Tx, tenantId: string, now: Date): Promise<number> {
  const today = dayOf(now.getTime());
  const days = Array.from({ length: LOOK_BACK_DAYS - 1 }, (_, i) => daysAfter(today, -2 - i));
  const reviewed = await tx.auditReview.findMany({ where: { tenantId, day: { in: days } }, select: { day: true } });
  const done = new Set(reviewed.map((r) => r.day));
  return (await daysWithEvents(tx, tenantId, days)).filter((day) => !done.has(day)).length;
}

/** Whether anybody but this person could review this tenant's log. */
export async function otherReviewerThan(tx: Tx, tenantId: string, personId: string): Promise<boolean> {
  const people = await knownPeople(tx, "audit.review", tenantId);
  return people.some((p) => p.may && p.disabledAt === null && p.id !== personId);
}

/** Findings whose act is this person's own: somebody else has to look at those. */
export const ownAmong = (findings: readonly Finding[], personId: string): Finding[] =>
  findings.filter((f) => f.act.actor === personId);
