// Whoever has a storm in hand has its members in hand: none of them pages any more.
import type { Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { sinkFacts } from "#lib/queries/sink-facts";
import { incidentById } from "./row.ts";
import { takeBackUntold, tell } from "./tell.ts";

interface Member {
  id: string;
  told: boolean;
}

/** In the storm's own acknowledger's name. Held ones go in one statement, those that somebody was told of one by one. @returns how many */
export async function acknowledgeMembers(tx: Tx, tenantId: string, stormId: string, now: Date): Promise<number> {
  // In one order, so that two who lock several never wait for each other.
  await tx.$queryRaw`SELECT 1 FROM incident i JOIN storm_member m ON m.tenant_id = i.tenant_id AND m.incident_id = i.id
    WHERE m.tenant_id = app.tenant() AND m.storm_id = ${stormId}::uuid AND i.state = 'open' ORDER BY i.id FOR NO KEY UPDATE OF i`;
  const members = await tx.$queryRaw<Member[]>`
    WITH storm AS (SELECT acknowledged_by, number FROM incident WHERE tenant_id = app.tenant() AND id = ${stormId}::uuid AND state = 'acknowledged'),
    taken AS (UPDATE incident i SET state = 'acknowledged', acknowledged_at = ${now}, acknowledged_by = s.acknowledged_by, next_step_at = NULL
      FROM storm_member m, storm s WHERE i.tenant_id = app.tenant() AND m.tenant_id = i.tenant_id AND m.incident_id = i.id
        AND m.storm_id = ${stormId}::uuid AND i.state = 'open' RETURNING i.id, s.number),
    said AS (INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
      SELECT app.tenant(), t.id, ${now}::timestamptz, 'person', 'acknowledged', 'Acknowledged with the storm that it belongs to, #' || t.number || '; nobody further is told.',
        jsonb_build_object('storm', ${stormId}::text) FROM taken t)
    SELECT t.id::text, EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = app.tenant() AND d.incident_id = t.id) AS told FROM taken t`;
  const showing = new Set((await sinkFacts(tx)).filter((s) => s.acknowledge && s.enabled).map((s) => s.id));
  for (const { id } of members.filter((m) => m.told)) {
    const incident = await incidentById(tx, id);
    if (incident === null) continue;
    const shown = await takeBackUntold(tx, tenantId, id, "Its storm was acknowledged before this was sent.", now);
    await tell(
      tx,
      tenantId,
      incident,
      "acknowledge",
      shown.filter((sinkId) => showing.has(sinkId)),
      now,
    );
  }
  if (members.length > 0) await liveHint(tx, { tenant: tenantId, what: "incident", id: stormId });
  return members.length;
}
