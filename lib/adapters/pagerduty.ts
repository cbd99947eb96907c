// PagerDuty through its own client, held down: one request, our socket, our bound. The client swallows a plain-text
// answer and waits 20 s on a 429, so the answer is read at the agent and the client is stopped right there.
import { type ClientRequest, type IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import { event } from "@pagerduty/pdjs";
import type { SinkAnswer, SinkRequest } from "../sinks/sink.ts";
import { guardedHttpsAgent } from "./http.ts";
import { type Bounds, failure, flat, OPERATORS_CHOICE, readBounded } from "./send.ts";

type Watched = Agent & { addRequest(request: ClientRequest, ...rest: unknown[]): void };

/** @param request `server` is host[:port], with a path prefix where a proxy needs one; always https */
export async function sendPagerDuty(request: Extract<SinkRequest, { via: "pagerduty" }>, bounds: Bounds): Promise<SinkAnswer> {
  const agent = guardedHttpsAgent(OPERATORS_CHOICE, bounds.ca === undefined ? {} : { ca: bounds.ca }) as Watched;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, bounds.signal]);
  let reached = false;
  let answered: (answer: SinkAnswer) => void = () => {};
  const answer = new Promise<SinkAnswer>((resolve) => {
    answered = resolve;
  });
  const add = agent.addRequest.bind(agent);
  agent.addRequest = (outgoing, ...rest) => {
    // Our agent hands over a socket only when its TLS stands; from then on bytes may go out.
    outgoing.once("socket", () => {
      reached = true;
    });
    outgoing.prependOnceListener("response", (incoming) => {
      void read(incoming, bounds.signal).then((read) => {
        answered(read);
        stop.abort();
      });
    });
    add(outgoing, ...rest);
  };
  const options = { agent, signal, redirect: "manual", compress: false, requestTimeout: 0, retryTimeout: 60_000 };
  return Promise.race([answer, failed(event({ ...options, server: request.server, data: request.data } as unknown as Parameters<typeof event>[0]), answer, () => reached)]).finally(() => {
    stop.abort();
    agent.destroy();
  });
}

/** The client's own error, unless an answer was on its way: then that is what counts. */
async function failed(call: Promise<unknown>, answer: Promise<SinkAnswer>, reached: () => boolean): Promise<SinkAnswer> {
  try {
    await call;
    return await answer;
  } catch (err) {
    const isParsing = (err as { type?: unknown }).type === "invalid-json" || (err as { name?: unknown }).name === "SyntaxError";
    return isParsing ? answer : failure(err, reached());
  }
}

async function read(incoming: IncomingMessage, signal: AbortSignal): Promise<SinkAnswer> {
  const body = await readBounded(incoming);
  const status = incoming.statusCode ?? 0;
  if (body.broken && status < 300) return { kind: "failure", code: signal.aborted ? "ABORTED" : "EBODY", detail: "The answer broke off.", sentBytes: true };
  return { kind: "response", status, headers: flat(incoming.headers), body: body.text };
}
