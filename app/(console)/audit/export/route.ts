import { taggedExport } from "#lib/commands/audit/export";
import { askAs, auditPublicKey, recordAuditExport } from "../../../_server/audit.ts";
import { now } from "../../../_server/clock.ts";
import { auditReader } from "../_parts/gate.ts";

export const dynamic = "force-dynamic";

/** The tenant's log as one NDJSON file; its own row is the last event in it. */
export async function POST(request: Request): Promise<Response> {
  const who = await auditReader(request);
  if (who instanceof Response) return who;
  await recordAuditExport(who);
  const at = now();
  const encoder = new TextEncoder();
  const lines = taggedExport(askAs(who), { id: who.seat.id, slug: who.seat.slug }, auditPublicKey(), at);
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const step = await lines.next();
      if (step.done) controller.close();
      else controller.enqueue(encoder.encode(step.value));
    },
    cancel: async () => void (await lines.return(undefined)),
  });
  const name = `audit-${who.seat.slug}-${at.toISOString().slice(0, 10)}.ndjson`;
  return new Response(stream, {
    headers: {
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="${name}"`,
      "cache-control": "no-store",
    },
  });
}
