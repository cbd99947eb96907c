// Who is behind people and schedules now: who may be on call in this tenant, how they are reached, whose turn it is.
import type { Tx } from "#lib/adapters/db";
import { type Binding, memberships } from "#lib/domain/bindings";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { layersIn } from "#lib/domain/permissions";
import { namesPeople, type Policy } from "#lib/domain/policy";
import { NO_ROSTER, type Roster, type RosterPerson } from "#lib/domain/roster";
import { layersSchema, onCallAt, type OnCallPeople, type Override, type Schedule } from "#lib/domain/schedule";
import { bindings } from "./session.ts";

/** Groups of one tenant's schedules are few, and so are their members. */
const MAX_PEOPLE = 5_000;

interface Known extends RosterPerson {
  id: string;
  groups: readonly string[];
}

export interface OnCall {
  /** Who may be on call here, in the order of their names. */
  people: Known[];
  schedules: Schedule[];
  among: OnCallPeople;
}

/** For a policy that names people or schedules, asked at the moment of the step; else nothing is asked. */
export async function rosterFor(tx: Tx, policy: Policy, now: Date): Promise<Roster> {
  if (!namesPeople(policy)) return NO_ROSTER;
  const targets = policy.steps.flatMap((s) => s.targets);
  const schedules = await schedulesNow(
    tx,
    now,
    targets.flatMap((t) => t.scheduleId ?? []),
  );
  const named = targets.flatMap((t) => t.personId ?? []);
  const turns = schedules.flatMap((s) => [...s.layers.flatMap((l) => l.people), ...s.overrides.map((o) => o.personId)]);
  const groups = schedules.flatMap((s) => s.layers.flatMap((l) => l.group ?? []));
  return rosterOf(schedules, await eligible(tx, { ids: [...named, ...turns], groups }));
}

/** Everybody and every schedule of the tenant. */
export async function onCall(tx: Tx, now: Date): Promise<OnCall> {
  const people = await eligible(tx, null);
  return { people, schedules: await schedulesNow(tx, now, null), among: among(people) };
}

function rosterOf(schedules: readonly Schedule[], people: readonly Known[]): Roster {
  const who = among(people);
  return {
    people: new Map(people.map((p) => [p.id, p])),
    schedules: new Map(schedules.map((s) => [s.id, { name: s.name, onCall: (at) => onCallAt(s, who, at) }])),
  };
}

export function among(people: readonly Known[]): OnCallPeople {
  const ids = new Set(people.map((p) => p.id));
  return { has: (id) => ids.has(id), inGroup: (g) => people.filter((p) => p.groups.includes(g)).map((p) => p.id) };
}

/** Staff of this tenant who are not switched off, by the groups they are in now: no name of anybody else is read out. */
async function eligible(tx: Tx, only: { ids: string[]; groups: string[] } | null): Promise<Known[]> {
  const rows = await tx.$queryRaw<
    { id: string; name: string; groups: string[]; sinks: string[]; slug: string; is_platform: boolean }[]
  >`SELECT p.id, p.name, p.groups, t.slug, t.is_platform, ARRAY(SELECT c.sink_id::text FROM contact c
      JOIN sink s ON s.tenant_id = c.tenant_id AND s.id = c.sink_id AND s.removed_at IS NULL
      WHERE c.tenant_id = app.tenant() AND c.person_id = p.id ORDER BY c.ordinal) AS sinks
    FROM person p JOIN tenant t ON t.id = app.tenant()
    WHERE p.disabled_at IS NULL AND p.issuer <> ${BREAK_GLASS_ISSUER}
      AND (${only === null} OR p.id = ANY (${only?.ids ?? []}::uuid[]) OR p.groups && ${only?.groups ?? []}::text[])
    ORDER BY p.name, p.id LIMIT ${MAX_PEOPLE}`;
  const bound: Binding[] = rows.length === 0 ? [] : await bindings(tx);
  return rows.flatMap(({ id, name, groups, sinks, slug, is_platform: isPlatform }) =>
    layersIn(memberships(groups, bound), { slug, isPlatform }).includes("operator")
      ? [{ id, name, groups, sinkIds: sinks }]
      : [],
  );
}

interface ScheduleRow {
  id: string;
  name: string;
  zone: string;
  layers: unknown;
  overrides: Override[] | null;
}

/** @param ids null: all of them @returns by name, each with who stands in from yesterday on */
async function schedulesNow(tx: Tx, now: Date, ids: readonly string[] | null): Promise<Schedule[]> {
  const since = new Date(now.getTime() - 86_400_000);
  const rows = await tx.$queryRaw<ScheduleRow[]>`SELECT s.id, s.name, s.zone, s.layers,
      (SELECT json_agg(json_build_object('id', o.id, 'personId', o.person_id, 'from', (extract(epoch FROM o.starts_at) * 1000)::bigint,
        'to', (extract(epoch FROM o.ends_at) * 1000)::bigint) ORDER BY o.created_at, o.id) FROM schedule_override o
        WHERE o.tenant_id = s.tenant_id AND o.schedule_id = s.id AND o.ends_at > ${since}) AS overrides
    FROM schedule s WHERE s.tenant_id = app.tenant() AND s.removed_at IS NULL
      AND (${ids === null} OR s.id = ANY (${[...(ids ?? [])]}::uuid[])) ORDER BY s.name, s.id`;
  return rows.map(({ layers, overrides, ...row }) => {
    const read = layersSchema.safeParse(layers);
    // One that this version cannot read has nobody on call, which the step says and the page warns of.
    return { ...row, layers: read.success ? read.data : [], overrides: overrides ?? [] };
  });
}
