// The stream on which a server speaks unasked: taken or refused, and whether anything comes on it in time.
import type { Step } from "#lib/domain/transcript";
import { shownUrl } from "./shown.ts";
import { failureOf, one } from "./wire-words.ts";
import type { Wire } from "./wire.ts";

/** @param headers version and session of the conversation that is open */
export async function listenFor(
  wire: Wire,
  headers: Record<string, string>,
  boundMs: number,
): Promise<{ step: Step; heard: boolean }> {
  const before = wire.steps.length;
  const bound = AbortSignal.timeout(Math.max(1, boundMs));
  const step: Step = {
    ...{ phase: "health", title: "GET the event stream", startMs: wire.elapsedMs(), durationMs: 0, aside: true },
    request: { method: "GET", url: wire.scrub(shownUrl(wire.url), 2048), headers: {} },
  };
  let heard = false;
  try {
    const answer = await wire.open(wire.url, { ...headers, accept: "text/event-stream" }, bound);
    const contentType = wire.scrub(one(answer.headers, "content-type"), 120);
    step.response = { status: answer.statusCode, contentType, headers: {}, bytes: 0, bodyHead: "" };
    if (answer.statusCode === 200)
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        heard = chunk.length > 0;
        if (heard) break;
      }
    answer.body.destroy();
  } catch (err) {
    // Silence until the bound is no failure of the request.
    if (step.response === undefined) step.error = failureOf(err, bound.aborted, (text, max) => wire.scrub(text, max));
  }
  // A further connection that failed for this is no failure of the server's endpoint.
  for (const noted of wire.steps.slice(before)) noted.aside = true;
  step.durationMs = wire.elapsedMs() - step.startMs;
  wire.note(step);
  return { step, heard };
}
