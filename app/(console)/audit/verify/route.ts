import { verifyLive } from "#lib/commands/audit/verify-live";
import { askAs, auditKeys } from "../../../_server/audit.ts";
import { now } from "../../../_server/clock.ts";
import { log } from "../../../_server/log.ts";
import { auditTaker, refusal } from "../_parts/gate.ts";

export const dynamic = "force-dynamic";

const running = new Set<string>();

/** Lines of JSON while it reads: {progress}, then {result} or {error}. One verification per tenant at a time. */
export async function POST(request: Request): Promise<Response> {
  const who = await auditTaker(request);
  if (who instanceof Response) return who;
  const tenantId = who.seat.id;
  if (running.has(tenantId))
    return refusal(409, "E_CONFLICT", "This log is being verified already: wait until that has ended.");
  running.add(tenantId);
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const say = (line: object) => controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
      try {
        const result = await verifyLive({
          ask: askAs(who),
          tenantId,
          keys: auditKeys(),
          now: now().getTime(),
          progress: (progress) => {
            if (request.signal.aborted) throw new Error("the browser has left");
            say({ progress });
          },
        });
        say({ result: { ...result, findings: result.findings.slice(0, 100) } });
        controller.close();
      } catch (err) {
        if (!request.signal.aborted) {
          log().error({ err }, "verification of the audit log could not end");
          say({ error: "The log could not be read to its end. Nothing is proven either way: try again." });
          controller.close();
        }
      } finally {
        running.delete(tenantId);
      }
    },
  });
  return new Response(stream, {
    headers: {
      "content-type": "application/x-ndjson",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    },
  });
}
