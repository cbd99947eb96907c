// PagerDuty through its own client, held down: one request, our socket, our bound. The client swallows a plain-text
// answer and tries again on a 429, so the answer is read at the agent, which serves one request and no more.
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import { event } from "@pagerduty/pdjs";
import type { SinkAnswer, SinkRequest } from "../sinks/sink.ts";
import { guardedHttpsAgent } from "./http.ts";
import { type Bounds, failure, flat, OPERATORS_CHOICE, readBounded } from "./answer.ts";

/** Node's own way for an agent to say that there is no socket: destroy() would wait for one. */
type NoSocket = { onSocket(socket: null, err: Error): void };
type Watched = Agent & { addRequest(request: ClientRequest, ...rest: unknown[]): void };

/** @param request `server` is host[:port], with a path prefix where a proxy needs one; always https */
export async function sendPagerDuty(
  request: Extract<SinkRequest, { via: "pagerduty" }>,
  bounds: Bounds,
): Promise<SinkAnswer> {
  const agent = guardedHttpsAgent(OPERATORS_CHOICE, bounds.ca === undefined ? {} : { ca: bounds.ca }) as Watched;
  let reached = false;
  let answer: Promise<SinkAnswer> | undefined;
  const add = agent.addRequest.bind(agent);
  agent.addRequest = (outgoing, ...rest) => {
    // The client's own second try after a 429: it never gets a socket.
    if (reached) return void (outgoing as unknown as NoSocket).onSocket(null, new Error("one request only"));
    // Our agent hands over a socket only when its TLS stands; from then on bytes may go out.
    outgoing.once("socket", () => {
      reached = true;
    });
    outgoing.prependOnceListener("response", (incoming) => {
      answer = read(incoming, bounds.signal);
    });
    add(outgoing, ...rest);
  };
  const options = {
    agent,
    signal: bounds.signal,
    redirect: "manual",
    compress: false,
    requestTimeout: 0,
    retryTimeout: 0,
  };
  try {
    await event({ ...options, server: request.server, data: request.data } as unknown as Parameters<typeof event>[0]);
  } catch (err) {
    // What it throws after an answer (plain text, HTML, its own second try) says less than the answer does.
    if (answer === undefined) return failure(bounds.signal.aborted ? bounds.signal.reason : err, reached);
  } finally {
    void answer?.finally(() => agent.destroy());
    if (answer === undefined) agent.destroy();
  }
  return (await answer) ?? failure(null, reached);
}

async function read(incoming: IncomingMessage, signal: AbortSignal): Promise<SinkAnswer> {
  const body = await readBounded(incoming);
  const status = incoming.statusCode ?? 0;
  if (body.broken && status < 300)
    return {
      kind: "failure",
      code: signal.aborted ? "ABORTED" : "EBODY",
      detail: "The answer broke off.",
      sentBytes: true,
    };
  return { kind: "response", status, headers: flat(incoming.headers), body: body.text };
}
