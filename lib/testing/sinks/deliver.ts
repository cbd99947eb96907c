// Walks one delivery as the outbox does: next → send → judge until nothing is left or something went wrong.
import type { Judgement, SinkMemory } from "../../domain/delivery.ts";
import type { RenderContext, Sink, SinkAnswer, SinkRequest } from "../../sinks/sink.ts";

export interface Delivered {
  judgement: Judgement;
  /** Of the incident at this sink, after this try. */
  memory: SinkMemory;
  requests: SinkRequest[];
}

export async function deliver(
  sink: Sink,
  context: RenderContext<unknown>,
  send: (request: SinkRequest) => Promise<SinkAnswer> | SinkAnswer,
): Promise<Delivered> {
  const requests: SinkRequest[] = [];
  let memory = context.memory;
  while (requests.length < 10) {
    const here = { ...context, memory };
    const request = sink.next(here);
    if (request === null) return { judgement: { verdict: "sent" }, memory, requests };
    requests.push(request);
    const judgement = sink.judge(here, request, await send(request));
    if (judgement.verdict !== "sent") return { judgement, memory, requests };
    memory = { ...memory, ...judgement.memory };
  }
  throw new Error(`${sink.kind} asked for more than ten requests`);
}
