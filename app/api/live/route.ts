import { viewerOf } from "#lib/queries/session";
import { cookies } from "next/headers";
import { now } from "../../_server/clock.ts";
import { sessionCookieName } from "../../_server/cookie.ts";
import { db } from "../../_server/db.ts";
import { freshness } from "../../_server/fresh.ts";
import { follow } from "../../_server/live.ts";
import { routerOf, viewerOrProblem } from "../../_server/session.ts";
import { troubleNow } from "../../_server/trouble.ts";

export const dynamic = "force-dynamic";

/** Often enough that what stands still is said within a minute. */
const BEAT_MS = 10_000;
const RECHECK_EVERY_BEATS = 6;

/**
 * Server-sent events: "change" with {what, id} of the viewer's tenant and nothing of its content; the page then asks
 * for what it shows. "trouble" with a sentence, to the staff: what of the installation stands still. The session is asked
 * for again each minute, so that a stream does not outlive it.
 */
export async function GET(request: Request): Promise<Response> {
  const who = await viewerOrProblem();
  if (who instanceof Response) return who;
  const tenantId = who.seat.id;
  const token = (await cookies()).get(sessionCookieName())?.value ?? "";
  const staff = routerOf(who) === "console";
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
      // The first look is always told: what the page was made with may be over by now.
      let told: string | null = null;
      const tell = (trouble: string) => {
        if (trouble !== told) say(`event: trouble\ndata: ${JSON.stringify(trouble)}\n\n`);
        told = trouble;
      };
      let beats = 0;
      const timer = setInterval(async () => {
        say(": here\n\n");
        if (staff) void troubleNow().then(tell);
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
