import { z } from "zod";
import { hint, liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveSink } from "#lib/commands/sink/live-sink";
import { TocsinError } from "#lib/domain/error";

/** Every dead notice of one sink starts again with a new 24 h; what nobody needs to be told any more is withheld. A code is not sent twice. */
export const redriveAll = defineCommand({
  action: "delivery.redrive",
  auditAs: "delivery.redrive_all",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    if (sink.provenAt === null)
      throw new TocsinError("E_UNPROVEN", `Prove first that the sink "${sink.name}" is yours, then send again.`);
    if (sink.state === "disabled")
      throw new TocsinError("E_STATE", `The sink "${sink.name}" is disabled: enable it first, then send again.`);
    const [done] = await tx.$queryRaw<{ deliveries: number }[]>`
      WITH again AS (
        UPDATE delivery SET state = 'pending', due_at = ${now}, redriven_at = ${now}, settled_at = NULL, reason = 'Sent again by hand.'
        WHERE tenant_id = app.tenant() AND sink_id = ${sink.id}::uuid AND state = 'dead' AND kind <> 'challenge' RETURNING tenant_id, incident_id),
      said AS (
        INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, actor_id, data)
        SELECT tenant_id, incident_id, ${now}::timestamptz, 'person', 'redriven', ${`${actor.name} sent what ${sink.name} had not taken again.`}::text,
          ${actor.personId}::uuid, ${JSON.stringify({ sinkId: sink.id })}::jsonb FROM (SELECT DISTINCT tenant_id, incident_id FROM again WHERE incident_id IS NOT NULL) i)
      SELECT count(*)::int AS deliveries FROM again`;
    const deliveries = done?.deliveries ?? 0;
    if (deliveries === 0)
      throw new TocsinError("E_STATE", "Nothing of this sink is dead: there is nothing to send again.");
    await hint(tx, "tocsin_outbox");
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: sink.id });
    return { result: { deliveries }, audit: { target: `sink:${sink.id}`, body: { deliveries } } };
  },
});
