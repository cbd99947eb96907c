// A P1 that a sink has not taken in time is told to another one: once per incident, in the words of the first.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { incidentById } from "#lib/commands/incident/row";
import { tell } from "#lib/commands/incident/tell";
import { writeTimeline } from "#lib/commands/incident/timeline";
import { draft, type EventDraft } from "#lib/domain/event";
import { type OtherRoad, otherRoad, type RoadSink, type TriggerAtRoad } from "#lib/domain/fallback";
import { sinkFacts } from "#lib/queries/sink-facts";

/** The shortest time that a sink may be marked with. */
const SOONEST_MS = 60_000;
/** Looked at, the newest first; told, of each tenant one in turn. */
const LOOK = 10_000;
const AT_ONCE = 200;

/** @returns how many incidents took another road @throws the first failure, after every other had its turn */
export async function takeOtherRoads(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const stuck = await sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT i.tenant_id, i.id FROM incident i WHERE i.state = 'open' AND i.severity = 'P1' AND i.fallback_at IS NULL AND i.opened_at <= $1
       AND EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = i.tenant_id AND d.incident_id = i.id AND d.kind = 'trigger'
         AND d.state IN ('pending', 'leased', 'dead') AND d.created_at <= $1) ORDER BY i.opened_at DESC LIMIT $2`,
    [new Date(now.getTime() - SOONEST_MS), LOOK],
  );
  const failures: unknown[] = [];
  const attempt = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await unlessErased(work, otherwise);
    } catch (err) {
      failures.push(err);
      return otherwise;
    }
  };
  // Read of a tenant together: what can take no other road now, however much there is of it, keeps nobody else from one.
  const ready: { tenantId: string; id: string; turn: number }[] = [];
  for (const [tenantId, theirs] of Map.groupBy(stuck, (i) => i.tenant_id)) {
    const ids = theirs.map((i) => i.id);
    for (const [turn, id] of (await attempt(worthALook(db, tenantId, ids, now), [])).entries())
      ready.push({ tenantId, id, turn });
  }
  let taken = 0;
  for (const { tenantId, id } of ready.sort((a, b) => a.turn - b.turn).slice(0, AT_ONCE))
    if (await attempt(another(db, tenantId, id, now), false)) taken++;
  if (failures.length > 0) throw failures[0];
  return taken;
}

/** @returns those that another sink is to be told of now, or of which it is still to be said that there is none */
function worthALook(db: Db, tenantId: string, ids: readonly string[], now: Date): Promise<string[]> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => {
    const rows = await tx.$queryRaw<(TriggerAtRoad & { id: string; fingerprint: string; said: boolean })[]>`
      SELECT i.id, i.fingerprint, d.sink_id AS "sinkId", d.state, d.created_at AS "createdAt",
        EXISTS (SELECT 1 FROM incident_event e WHERE e.tenant_id = i.tenant_id AND e.incident_id = i.id AND e.decision = 'no_other_road') AS said
      FROM incident i JOIN delivery d ON d.tenant_id = i.tenant_id AND d.incident_id = i.id AND d.kind = 'trigger'
      WHERE i.tenant_id = app.tenant() AND i.id = ANY (${[...ids]}::uuid[]) ORDER BY d.ordinal`;
    const sinks = await roadSinks(tx);
    return [...Map.groupBy(rows, (r) => r.id)]
      .filter(([, triggers]) => {
        const [first] = triggers;
        if (first === undefined) return false;
        const { kind } = otherRoad(triggers, notAbout(first.fingerprint, sinks), now);
        return kind === "tell" || (kind === "nobody_left" && !first.said);
      })
      .map(([id]) => id);
  });
}

function another(db: Db, tenantId: string, incidentId: string, now: Date): Promise<boolean> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const incident = await incidentById(tx, incidentId);
    if (incident === null || incident.state !== "open" || incident.severity !== "P1") return false;
    const road = otherRoad(await triggers(tx, incidentId), notAbout(incident.fingerprint, await roadSinks(tx)), now);
    if (road.kind === "none_needed") return false;
    if (road.kind === "nobody_left") {
      // Asked again at each look: whoever adds a sink now is still told. Said once.
      const said = await tx.$queryRaw<unknown[]>`SELECT 1 FROM incident_event
        WHERE tenant_id = app.tenant() AND incident_id = ${incidentId}::uuid AND decision = 'no_other_road' LIMIT 1`;
      if (said.length === 0) await say(tx, tenantId, incidentId, words(road), now);
      return false;
    }
    const won = await tx.$executeRaw`UPDATE incident SET fallback_at = ${now}
      WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid AND state = 'open' AND fallback_at IS NULL`;
    if (won === 0) return false;
    await tell(
      tx,
      tenantId,
      incident,
      "trigger",
      road.sinks.map((s) => s.id),
      now,
    );
    await say(tx, tenantId, incidentId, words(road), now);
    return true;
  });
}

const triggers = (tx: Tx, incidentId: string): Promise<TriggerAtRoad[]> =>
  tx.$queryRaw<TriggerAtRoad[]>`SELECT sink_id AS "sinkId", state, created_at AS "createdAt" FROM delivery
    WHERE tenant_id = app.tenant() AND incident_id = ${incidentId}::uuid AND kind = 'trigger' ORDER BY ordinal`;

/** A sink is not asked to spread the word of its own failing. */
const notAbout = (fingerprint: string, sinks: readonly RoadSink[]): RoadSink[] =>
  sinks.filter((s) => !fingerprint.startsWith(`sink:${s.id}:`));

async function roadSinks(tx: Tx): Promise<RoadSink[]> {
  const rows = await tx.$queryRaw<{ id: string; after_s: number | null; failing: boolean }[]>`
    SELECT s.id, s.fallback_after_s AS after_s, EXISTS (SELECT 1 FROM sink_trouble t WHERE t.tenant_id = s.tenant_id AND t.sink_id = s.id
      AND t.over_at IS NULL AND t.kind = 'failing' AND t.noted_at >= s.updated_at) AS failing FROM sink s WHERE s.tenant_id = app.tenant()`;
  const more = new Map(rows.map((r) => [r.id, r]));
  return (await sinkFacts(tx)).map((s) => ({
    ...s,
    fallbackAfterS: more.get(s.id)?.after_s ?? null,
    failing: more.get(s.id)?.failing ?? false,
  }));
}

const CHOSEN = {
  yes: "marked as the fallback",
  failing: "because what is marked as the fallback fails too",
  none: "because no sink is marked as the fallback",
};

function words(road: Exclude<OtherRoad, { kind: "none_needed" }>): EventDraft {
  const names = (list: readonly RoadSink[]) => list.map((s) => s.name).join(", ") || "A removed sink";
  const minutes = Math.floor(road.waitedS / 60);
  const why = `${names(road.stuck)} ${road.stuck.length > 1 ? "have" : "has"} not taken this for ${minutes} min`;
  if (road.kind === "nobody_left")
    return draft("no_other_road", `${why}, and there is no other sink that could be told: add one, or mend this one.`);
  return draft("fell_back", `${why}: telling ${names(road.sinks)} as well, ${CHOSEN[road.marked]}.`, {
    answers: road.sinks.map((s) => ({ sinkId: s.id, sinkName: s.name, answer: "told" })),
    instead: road.stuck.map((s) => s.id),
    afterMinutes: minutes,
  });
}

async function say(tx: Tx, tenantId: string, incidentId: string, said: EventDraft, now: Date): Promise<void> {
  await writeTimeline(tx, { tenantId, incidentId }, [said], now);
  await liveHint(tx, { tenant: tenantId, what: "incident", id: incidentId });
}
