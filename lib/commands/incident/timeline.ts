// Writes decisions to an incident's timeline, in the order they were taken, in the transaction that acts on them.
import type { Tx } from "#lib/adapters/db";
import { DECISIONS, type EventDraft } from "#lib/domain/event";
import { cleanText } from "#lib/domain/text";

export async function writeTimeline(
  tx: Tx,
  of: { tenantId: string; incidentId: string; actorId?: string },
  drafts: readonly EventDraft[],
  now: Date,
): Promise<void> {
  if (drafts.length === 0) return;
  const json = JSON.stringify(
    drafts.map(({ decision, sentence, data }) => ({
      stage: DECISIONS[decision],
      decision,
      sentence: cleanText(sentence, 1000),
      data: data ?? {},
    })),
  ).replaceAll("\\u0000", "\\ufffd");
  await tx.$executeRaw`INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, actor_id, data)
    SELECT ${of.tenantId}::uuid, ${of.incidentId}::uuid, ${now}, e.stage, e.decision, e.sentence, ${of.actorId ?? null}::uuid, e.data
    FROM ROWS FROM (jsonb_to_recordset(${json}::jsonb) AS (stage text, decision text, sentence text, data jsonb)) WITH ORDINALITY e ORDER BY e.ordinality`;
}
