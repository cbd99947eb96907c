// Sends one request of a sink and says plainly what became of it: an answer, or a failure that "certainly was not
// sent" or "may have arrived". Never throws, never tries again: the outbox alone decides that.
import { type Agent, request as httpRequest } from "undici";
import type { SinkAnswer, SinkRequest } from "../sinks/sink.ts";
import { type Bounds, failure, flat, OPERATORS_CHOICE, readBounded } from "./answer.ts";
import { extraCa } from "./env.ts";
import { type AddressPolicy, assertUrlAllowed, type DispatcherOptions, guardedDispatcher } from "./http.ts";
import { sendMail } from "./mail.ts";
import { sendPagerDuty } from "./pagerduty.ts";
import { keptDispatcher } from "./send-kept.ts";

export interface SendOptions {
  /** The tenant's allowance; hosts that the operator configured are not held to it. */
  policy: AddressPolicy;
  /** For the whole request, from look-up to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export type Send = (request: SinkRequest, options: SendOptions) => Promise<SinkAnswer>;

/**
 * @param ca extra certificate authorities, PEM; read anew for each request so that a renewed file counts
 * @param resolve for tests: what a tenant's host names resolve to
 */
export function sender(ca: () => string | undefined, resolve?: DispatcherOptions["resolve"]): Send {
  return async (request, options) => {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    const bounds = { timeoutMs: options.timeoutMs, signal, ca: ca() };
    if (request.via === "pagerduty") return sendPagerDuty(request, bounds);
    if (request.via === "smtp") return sendMail(request, bounds);
    return sendHttp(request, {
      ...bounds,
      policy: request.host === "operator" ? OPERATORS_CHOICE : options.policy,
      resolve,
    });
  };
}

export const send: Send = sender(extraCa);

async function sendHttp(
  request: Extract<SinkRequest, { via: "http" }>,
  options: Bounds & { policy: AddressPolicy; resolve: DispatcherOptions["resolve"] },
): Promise<SinkAnswer> {
  const keeps = request.repeatable === true && options.resolve === undefined;
  // A kept connection may stand already: then what fails may have been read, unless it was the connecting that failed.
  let connected = keeps;
  const last = request.url.startsWith("https:") ? "tls" : "connect";
  let own: Agent | undefined;
  try {
    const url = assertUrlAllowed(request.url, options.policy);
    const dispatcher = keeps
      ? keptDispatcher(url.origin, options.policy, options.ca)
      : guardedDispatcher(options.policy, {
          ...(options.ca === undefined ? {} : { ca: options.ca }),
          ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
          onPhase: (phase) => {
            connected ||= phase === last;
          },
        });
    if (!keeps) own = dispatcher;
    const headers = { "user-agent": "Tocsin/0.1", ...request.headers };
    // undici's request() follows no redirect: a 3xx is an answer like any other.
    const answer = await httpRequest(url, {
      dispatcher,
      method: request.method,
      headers,
      body: request.body ?? null,
      signal: options.signal,
    });
    const body = await readBounded(answer.body);
    if (body.broken && answer.statusCode < 300)
      return { kind: "failure", code: "EBODY", detail: "The answer broke off.", sentBytes: true };
    return { kind: "response", status: answer.statusCode, headers: flat(answer.headers), body: body.text };
  } catch (err) {
    return failure(err, connected);
  } finally {
    // Without it an unread answer would keep its socket.
    void own?.destroy().catch(() => {});
  }
}
