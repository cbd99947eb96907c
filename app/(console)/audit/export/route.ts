import { taggedExport } from "#lib/commands/audit/export";
import { cleanText } from "#lib/domain/text";
import { askAs, auditPublicKey, recordAuditExport } from "../../../_server/audit.ts";
import { now } from "../../../_server/clock.ts";
import { auditTaker } from "../_parts/gate.ts";

export const dynamic = "force-dynamic";

/** The tenant's log as one NDJSON file; its own row is the last event in it. */
export async function POST(request: Request): Promise<Response> {
  const who = await auditTaker(request);
  if (who instanceof Response) return who;
  await recordAuditExport(who, await whyOf(request));
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

/** What it is for, if it was said: kept with the export's row in the log. */
async function whyOf(request: Request): Promise<string> {
  const form = await request.formData().catch(() => null);
  const why = form?.get("why");
  return typeof why === "string" ? cleanText(why, 500) : "";
}
