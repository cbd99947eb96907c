import { viewerOf } from "#lib/queries/session";
import { cookies } from "next/headers";
import { now } from "../../_server/clock.ts";
import { sessionCookieName } from "../../_server/cookie.ts";
import { db } from "../../_server/db.ts";
import { freshness } from "../../_server/fresh.ts";
import { follow } from "../../_server/live.ts";
import { viewerOrProblem } from "../../_server/session.ts";

export const dynamic = "force-dynamic";

const BEAT_MS = 20_000;
const RECHECK_EVERY_BEATS = 3;

/**
 * Server-sent events: "change" with {what, id} of the viewer's tenant and nothing of its content; the page then asks
 * for what it shows. The session is asked for again each minute, so that a stream does not outlive it.
 */
export async function GET(request: Request): Promise<Response> {
  const who = await viewerOrProblem();
  if (who instanceof Response) return who;
  const tenantId = who.seat.id;
  const token = (await cookies()).get(sessionCookieName())?.value ?? "";
  const encoder = new TextEncoder();
  let stop = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const say = (text: string) => {
        try {
          controller.enqueue(encoder.encode(text));
        } catch {
          stop();
        }
      };
      const unfollow = follow(tenantId, (hint) =>
        say(`event: change\ndata: ${JSON.stringify(hint === null ? {} : { what: hint.what, id: hint.id })}\n\n`),
      );
      let beats = 0;
      const timer = setInterval(async () => {
        say(": here\n\n");
        // A visit is asked for at each beat: it ends at a moment that others see.
        if (++beats % RECHECK_EVERY_BEATS !== 0 && who.acting === null) return;
        // A page that nobody touches asks for nothing else: its groups grow old here.
        const over = (await freshness(token).catch(() => "fresh")) === "over";
        const still = over ? null : await viewerOf(db(), token, now(), who.shown).catch(() => who);
        if (still?.seat?.id !== tenantId || still.acting?.grantId !== who.acting?.grantId) {
          say("event: ended\ndata: {}\n\n");
          stop();
        }
      }, BEAT_MS);
      stop = () => {
        clearInterval(timer);
        unfollow();
        try {
          controller.close();
        } catch {
          // The browser was faster.
        }
      };
      request.signal.addEventListener("abort", () => stop(), { once: true });
      say("retry: 2000\n\n");
    },
    cancel: () => stop(),
  });
  return new Response(stream, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    },
  });
}
