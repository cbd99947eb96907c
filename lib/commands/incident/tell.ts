// One notice about an incident and a delivery of it to each sink, in the caller's transaction: what commits is told.
import { randomUUID } from "node:crypto";
import type { Tx } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { mayShow, type TriggerAtSink } from "#lib/domain/incident";
import type { NoticeKind } from "#lib/domain/notice";
import { noticeContent } from "#lib/domain/payload";
import { writeTimeline } from "./timeline.ts";
import type { Incident } from "./row.ts";

const UNPROVEN = " was not sent. Nobody has shown any more that this sink is yours: look at the vendor by hand.";

/**
 * A sink that was told and whose proof has run out since gets no further word: that is said, and the incident's own change
 * goes on. A trigger is chosen among proven sinks; for one that is none any more the whole change is refused and tried again.
 * @param by display name of the person who acted, where one did
 */
export async function tell(
  tx: Tx,
  tenantId: string,
  incident: Incident,
  kind: NoticeKind,
  sinkIds: readonly string[],
  now: Date,
  by?: string,
): Promise<void> {
  if (sinkIds.length === 0) return;
  const { id: incidentId, dedupKey } = incident;
  const incidentUrl = new URL(`/incidents/${incidentId}`, consoleUrl()).href;
  const content = noticeContent({ ...incident, kind, incidentUrl, ...(by === undefined ? {} : { by }) }, now);
  const noticeId = randomUUID();
  const json = JSON.stringify(content).replaceAll("\\u0000", "\\ufffd");
  // One statement: opening an incident is the hot road, and each round trip counts.
  await tx.$queryRaw`WITH said AS (
      INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at)
      VALUES (${tenantId}::uuid, ${noticeId}::uuid, ${incidentId}::uuid, ${kind}, ${dedupKey}, ${json}::jsonb, ${now})),
    asked AS (
      INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, due_at, created_at)
      SELECT ${tenantId}::uuid, gen_random_uuid(), ${noticeId}::uuid, ${incidentId}::uuid, s.id, ${kind}, ${now}, ${now}
      FROM unnest(${[...sinkIds]}::uuid[]) WITH ORDINALITY s (id, place) LEFT JOIN sink k ON k.tenant_id = ${tenantId}::uuid AND k.id = s.id
      WHERE ${kind} = 'trigger' OR k.proven_at IS NOT NULL ORDER BY s.place),
    unproven AS (
      INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
      SELECT ${tenantId}::uuid, ${incidentId}::uuid, ${now}, 'deliver', 'dead', k.name || ': the ' || ${kind} || ${UNPROVEN}, jsonb_build_object('sinkId', k.id, 'kind', ${kind}::text)
      FROM sink k WHERE k.tenant_id = ${tenantId}::uuid AND k.id = ANY (${[...sinkIds]}::uuid[]) AND k.proven_at IS NULL AND ${kind} <> 'trigger')
    SELECT pg_notify('tocsin_outbox', '')::text`;
}

/** Of sinks that still exist: a removed one can be told nothing more. What a sink remembers, it has been told in part. */
export async function triggersOf(tx: Tx, incidentId: string): Promise<TriggerAtSink[]> {
  return tx.$queryRaw<
    TriggerAtSink[]
  >`SELECT d.sink_id AS "sinkId", d.state, (d.may_have_arrived OR d.memory <> '{}') AS "mayHaveArrived" FROM delivery d
    JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id AND s.removed_at IS NULL
    WHERE d.tenant_id = app.tenant() AND d.incident_id = ${incidentId}::uuid AND d.kind = 'trigger' ORDER BY d.ordinal`;
}

/**
 * Takes back what waits to be sent, each with its reason on the timeline. What may have arrived is not said again either:
 * the acknowledge or resolve that follows finds it by its key.
 * @returns ids of the sinks that show, or may show, the incident
 */
export async function takeBackUntold(
  tx: Tx,
  tenantId: string,
  incidentId: string,
  reason: string,
  now: Date,
): Promise<string[]> {
  // A row that a sender claims meanwhile is skipped by this condition once its lock is free, and counts as told below.
  const back = await tx.$queryRaw<{ id: string; sinkId: string; name: string; kind: string; maybe: boolean }[]>`
    UPDATE delivery d SET state = 'withheld', reason = ${reason}, settled_at = ${now} FROM sink s
    WHERE d.tenant_id = app.tenant() AND d.incident_id = ${incidentId}::uuid AND d.kind IN ('trigger', 'update', 'acknowledge')
      AND d.state = 'pending' AND s.tenant_id = d.tenant_id AND s.id = d.sink_id
    RETURNING d.id, d.sink_id AS "sinkId", s.name, d.kind, d.may_have_arrived AS maybe`;
  await writeTimeline(
    tx,
    { tenantId, incidentId },
    back.map((d) => ({
      decision: "withheld" as const,
      sentence: `${d.name}: the ${d.kind} ${d.maybe ? "may have arrived and was not sent again" : "was not sent"}. ${reason}`,
      data: { deliveryId: d.id, sinkId: d.sinkId, kind: d.kind },
    })),
    now,
  );
  const triggers = await triggersOf(tx, incidentId);
  return [...new Set(triggers.filter(mayShow).map((t) => t.sinkId))];
}
