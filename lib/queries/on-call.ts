// Who is on call now and in the coming weeks, who stands in, how everybody is reached.
import type { Tx } from "#lib/adapters/db";
import { DAY_MS, type Layer, type Shift, shifts } from "#lib/domain/schedule";
import { hourOf } from "./policy.ts";
import { onCall } from "./roster.ts";

export const SHOWN_DAYS = 28;

export interface ScheduleNow {
  id: string;
  name: string;
  zone: string;
  layers: Layer[];
  /** From this hour for 28 days, holes included. */
  shifts: Shift[];
  /** Which of them it is now. */
  current: number;
  /** Those that are not over. */
  overrides: { id: string; personId: string; from: number; to: number }[];
  /** Since when its calendar has an address; null: it has none. */
  feedMadeAt: number | null;
}

export interface OnCallNow {
  schedules: ScheduleNow[];
  /** Who may be on call here, by name. */
  people: { id: string; name: string; sinkIds: string[] }[];
  sinks: { id: string; name: string; enabled: boolean; proven: boolean }[];
  /** Groups that somebody of the staff is in. */
  groups: string[];
  /** Epoch ms, the full hour from which shifts are shown. */
  from: number;
}

export async function onCallNow(tx: Tx, now: Date): Promise<OnCallNow> {
  const { people, schedules, among } = await onCall(tx, now);
  const [at, from] = [now.getTime(), hourOf(now)];
  const fed = new Map(
    (await tx.schedule.findMany({ where: { removedAt: null }, select: { id: true, feedMadeAt: true } })).map((s) => [
      s.id,
      s.feedMadeAt?.getTime() ?? null,
    ]),
  );
  const sinks = await tx.sink.findMany({
    where: { removedAt: null },
    orderBy: [{ name: "asc" }, { id: "asc" }],
    select: { id: true, name: true, state: true, provenAt: true },
  });
  return {
    schedules: schedules.map((s) => {
      const shown = shifts(s, among, from, from + SHOWN_DAYS * DAY_MS);
      return {
        ...{ id: s.id, name: s.name, zone: s.zone, layers: [...s.layers], shifts: shown },
        current: shown.findIndex((shift) => shift.to > at),
        overrides: s.overrides.filter((o) => o.to > at).map((o) => ({ ...o })),
        feedMadeAt: fed.get(s.id) ?? null,
      };
    }),
    people: people.map(({ id, name, sinkIds }) => ({ id, name, sinkIds: [...sinkIds] })),
    sinks: sinks.map(({ id, name, state, provenAt }) => ({
      ...{ id, name, enabled: state === "enabled", proven: provenAt !== null },
    })),
    groups: [...new Set(people.flatMap((p) => [...p.groups]))].sort(),
    from,
  };
}
