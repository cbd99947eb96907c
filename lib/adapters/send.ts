// Sends one request of a sink and says plainly what became of it: an answer, or a failure that "certainly was not
// sent" or "may have arrived". Never throws, never tries again: the outbox alone decides that.
import { request as httpRequest } from "undici";
import type { SinkAnswer, SinkRequest } from "../sinks/sink.ts";
import { extraCa } from "./env.ts";
import { type AddressPolicy, assertUrlAllowed, ConnectError, guardedDispatcher } from "./http.ts";
import { sendMail } from "./mail.ts";
import { sendPagerDuty } from "./pagerduty.ts";

export interface SendOptions {
  /** The tenant's allowance; hosts that the operator configured are not held to it. */
  policy: AddressPolicy;
  /** For the whole request, from look-up to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export type Send = (request: SinkRequest, options: SendOptions) => Promise<SinkAnswer>;

/** What is read of an answer; the rest is thrown away. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** An operator may put a relay or proxy on a private address; only a tenant's choice of host is guarded. */
export const OPERATORS_CHOICE: AddressPolicy = { allow: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] };

/** @param ca extra certificate authorities, PEM; read anew for each request so that a renewed file counts */
export function sender(ca: () => string | undefined): Send {
  return async (request, options) => {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    const bounds = { timeoutMs: options.timeoutMs, signal, ca: ca() };
    if (request.via === "pagerduty") return sendPagerDuty(request, bounds);
    if (request.via === "smtp") return sendMail(request, bounds);
    return sendHttp(request, { ...bounds, policy: request.host === "operator" ? OPERATORS_CHOICE : options.policy });
  };
}

export const send: Send = sender(extraCa);

export interface Bounds {
  timeoutMs: number;
  signal: AbortSignal;
  ca: string | undefined;
}

async function sendHttp(request: Extract<SinkRequest, { via: "http" }>, options: Bounds & { policy: AddressPolicy }): Promise<SinkAnswer> {
  let connected = false;
  const last = request.url.startsWith("https:") ? "tls" : "connect";
  const dispatcher = guardedDispatcher(options.policy, {
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    onPhase: (phase) => {
      connected ||= phase === last;
    },
  });
  try {
    const url = assertUrlAllowed(request.url, options.policy);
    const headers = { "user-agent": "Tocsin/0.1", ...request.headers };
    // undici's request() follows no redirect: a 3xx is an answer like any other.
    const answer = await httpRequest(url, { dispatcher, method: request.method, headers, body: request.body ?? null, signal: options.signal });
    const body = await readBounded(answer.body);
    if (body.broken && answer.statusCode < 300) return { kind: "failure", code: "EBODY", detail: "The answer broke off.", sentBytes: true };
    return { kind: "response", status: answer.statusCode, headers: flat(answer.headers), body: body.text };
  } catch (err) {
    return failure(err, connected);
  } finally {
    // Without it an unread answer would keep its socket; a fresh connection per request has nothing worth keeping.
    void dispatcher.destroy().catch(() => {});
  }
}

/** At most MAX_ANSWER_BYTES; whatever was read of an answer that broke off. */
export async function readBounded(body: AsyncIterable<Uint8Array>): Promise<{ text: string; broken: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const text = () => Buffer.concat(parts).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
  try {
    for await (const part of body) {
      parts.push(part);
      size += part.length;
      if (size >= MAX_ANSWER_BYTES) break;
    }
    return { text: text(), broken: false };
  } catch {
    return { text: text(), broken: true };
  }
}

export function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([k, v]) => (v === undefined ? [] : [[k.toLowerCase(), String(v).slice(0, 500)]])));
}

/**
 * The failure in a code and a class name only: an error's message may quote the URL, which may be the secret.
 * @param reached true once the connection stood, so that the vendor may have read the request
 */
export function failure(err: unknown, reached: boolean): SinkAnswer {
  const chain: { code?: unknown; name?: unknown; cause?: unknown }[] = [];
  for (let e = err; e !== null && typeof e === "object" && chain.length < 5; e = (e as { cause?: unknown }).cause) chain.push(e);
  const aborted = chain.some((e) => e.name === "AbortError" || e.name === "TimeoutError");
  // A ConnectError's code is the cause's, and its cause may be undici's or Node's own error without one.
  const named = chain.find((e) => typeof e.code === "string" && e.code !== "EUNKNOWN");
  const code = aborted ? "ABORTED" : String(named?.code ?? "EUNKNOWN").replace(/[^\w-]/g, "_").slice(0, 60);
  const before = code === "E_URL_BLOCKED" || chain.some((e) => e instanceof ConnectError);
  return { kind: "failure", code, detail: `${String(chain[0]?.name ?? "Error").slice(0, 60)} ${code}`, sentBytes: reached && !before };
}
