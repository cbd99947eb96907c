// A delivery that is given up, or a sink that refuses for good, is an incident of its own: one per sink, told by the
// others, over when the sink takes something again. Judged by what the rows say, so that nothing need be remembered.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { fingerprint } from "#lib/domain/fingerprint";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";

/** What died before is seen on the sink's page; the watch itself may have been away for so long. */
const LOOK_BACK_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** Deliveries of a sink that are looked at for whether it takes something again. */
const LATEST = 2_000;

export const troubleKey = (sinkId: string): string => `sink:${sinkId}:failing`;

interface Died {
  tenant_id: string;
  sink_id: string;
  last: Date;
}

/** @returns what looks at all sinks; it remembers the deaths that it has judged, so that each costs one look */
export function deadLetterWatch(db: Db, sweeper: Sweeper, log: Log): (now: Date) => Promise<number> {
  const judged = new Map<string, number>();
  return async (now) => {
    const died = await sweeper.find<Died>(
      `SELECT d.tenant_id, d.sink_id, max(d.settled_at) AS last FROM delivery d
       JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
       WHERE d.state = 'dead' AND d.settled_at > $1 AND s.removed_at IS NULL AND s.proven_at IS NOT NULL AND d.kind <> 'challenge'
         AND NOT (s.state = 'disabled' AND s.disabled_reason = 'Disabled by hand.') GROUP BY 1, 2`,
      [new Date(now.getTime() - LOOK_BACK_MS)],
    );
    let opened = 0;
    const failures: unknown[] = [];
    const attempt = async (work: Promise<boolean>): Promise<boolean> => {
      try {
        if (await unlessErased(work, false)) opened++;
        return true;
      } catch (err) {
        failures.push(err);
        return false;
      }
    };
    for (const { tenant_id, sink_id, last } of died) {
      if (judged.get(sink_id) === last.getTime()) continue;
      if (await attempt(open(db, tenant_id, sink_id, last, log, now))) judged.set(sink_id, last.getTime());
    }
    for (const id of judged.keys()) if (!died.some((d) => d.sink_id === id)) judged.delete(id);
    const live = await sweeper.find<{ tenant_id: string; sink_id: string }>(
      `SELECT i.tenant_id, split_part(i.fingerprint, ':', 2) AS sink_id FROM incident i
       WHERE i.subject_kind = 'sink' AND i.reason = 'sink_failing' AND i.state IN ('open', 'acknowledged')`,
    );
    for (const { tenant_id, sink_id } of live) await attempt(closeIfWell(db, tenant_id, sink_id, now));
    if (failures.length > 0) throw failures[0];
    return opened;
  };
}

/** @returns whether it is new: of several deaths at one sink the first is told, the others are counted */
function open(db: Db, tenantId: string, sinkId: string, last: Date, log: Log, now: Date): Promise<boolean> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const print = fingerprint(troubleKey(sinkId), "unchecked");
    const known = await tx.$queryRaw<
      unknown[]
    >`SELECT 1 FROM incident WHERE tenant_id = app.tenant() AND fingerprint = ${print}
      AND (state <> 'resolved' OR resolved_at >= ${last}) LIMIT 1`;
    if (known.length > 0) return false;
    const [sink] = await tx.$queryRaw<
      { name: string; state: string; disabled_reason: string | null; reason: string | null }[]
    >`
      SELECT s.name, s.state, s.disabled_reason, (SELECT d.reason FROM delivery d WHERE d.tenant_id = s.tenant_id AND d.sink_id = s.id
        AND d.state = 'dead' ORDER BY d.settled_at DESC LIMIT 1) AS reason
      FROM sink s WHERE s.tenant_id = app.tenant() AND s.id = ${sinkId}::uuid`;
    if (sink === undefined) return false;
    const sentence =
      sink.state === "disabled"
        ? `${sink.name} was disabled: ${sink.disabled_reason ?? "it refuses for good"}`
        : `A notice to ${sink.name} was given up: ${sink.reason ?? "it was refused"}`;
    const decided = await judge(
      tx,
      tenantId,
      sinkId,
      sink.name,
      unlookedVerdict("unknown", "sink_failing", sentence),
      now,
    );
    if (decided.change === "opened") await notToItself(tx, sinkId, decided.incidentId, now);
    if (decided.nobodyToTell)
      log.error(
        { tenant: tenantId, sink: sinkId, incident: decided.incidentId },
        "a sink fails and there is no other to tell of it",
      );
    return decided.change === "opened";
  });
}

/** The sink that the incident is about is not asked to spread the word. */
async function notToItself(tx: Tx, sinkId: string, incidentId: string | null, now: Date): Promise<void> {
  await tx.$executeRaw`WITH back AS (
      UPDATE delivery SET state = 'withheld', settled_at = ${now}, reason = 'The incident is about this very sink, so the others are told.'
      WHERE tenant_id = app.tenant() AND incident_id = ${incidentId}::uuid AND sink_id = ${sinkId}::uuid AND state = 'pending' RETURNING tenant_id, id, incident_id, sink_id, kind, reason)
    INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
    SELECT b.tenant_id, b.incident_id, ${now}::timestamptz, 'deliver', 'withheld', s.name || ': ' || b.reason, jsonb_build_object('deliveryId', b.id, 'sinkId', b.sink_id, 'kind', b.kind)
    FROM back b JOIN sink s ON s.tenant_id = b.tenant_id AND s.id = b.sink_id`;
}

/** Over when it is enabled, and has taken something since the last that it did not take; or when it is gone. */
function closeIfWell(db: Db, tenantId: string, sinkId: string, now: Date): Promise<boolean> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const [sink] = await tx.$queryRaw<{ name: string; removed: boolean; well: boolean }[]>`
      SELECT s.name, s.removed_at IS NOT NULL AS removed, s.state = 'enabled' AND d.sent > greatest(i.opened_at, d.dead) AS well
      FROM sink s JOIN incident i ON i.tenant_id = s.tenant_id AND i.fingerprint = ${fingerprint(troubleKey(sinkId), "unchecked")} AND i.state <> 'resolved',
      LATERAL (SELECT max(l.settled_at) FILTER (WHERE l.state = 'sent') AS sent, max(l.settled_at) FILTER (WHERE l.state = 'dead') AS dead FROM (
        SELECT x.state, x.settled_at FROM delivery x WHERE x.tenant_id = s.tenant_id AND x.sink_id = s.id ORDER BY x.ordinal DESC LIMIT ${LATEST}) l) d
      WHERE s.tenant_id = app.tenant() AND s.id = ${sinkId}::uuid`;
    if (sink === undefined || (!sink.removed && !sink.well)) return false;
    const sentence = sink.removed ? `${sink.name} was removed.` : `${sink.name} takes notices again.`;
    await judge(tx, tenantId, sinkId, sink.name, unlookedVerdict("up", null, sentence), now);
    return false;
  });
}

async function judge(
  tx: Tx,
  tenantId: string,
  sinkId: string,
  name: string,
  verdict: ReturnType<typeof unlookedVerdict>,
  now: Date,
): ReturnType<typeof walk> {
  const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = app.tenant()`;
  const subject: Subject = {
    ...{ kind: "sink", key: troubleKey(sinkId), serverId: null, name, url: "", tenantName: rows[0]?.name ?? "" },
    ...{ weight: "own", fireAfter: 1, clearAfter: 1, intervalMs: MINUTE_MS },
  };
  const before = { bad: 0, good: 0, flips: [] };
  return walk(tx, { tenantId, subject, verdict, sealed: null, slot: now, now, atOnce: true, before });
}
