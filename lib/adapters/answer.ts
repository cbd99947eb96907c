// What the three ways of sending share: how an answer is read, and how a failure is named.
import type { SinkAnswer } from "../sinks/sink.ts";
import { type AddressPolicy, ConnectError } from "./http.ts";

/** What is read of an answer; the rest is thrown away. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** An operator may put a relay or proxy on a private address; only a tenant's choice of host is guarded. */
export const OPERATORS_CHOICE: AddressPolicy = { allow: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] };

export interface Bounds {
  timeoutMs: number;
  signal: AbortSignal;
  ca: string | undefined;
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
  return Object.fromEntries(
    Object.entries(headers).flatMap(([k, v]) => (v === undefined ? [] : [[k.toLowerCase(), String(v).slice(0, 500)]])),
  );
}

/**
 * The failure in a code and a class name only: an error's message may quote the URL, which may be the secret.
 * @param reached true once the connection stood, so that the vendor may have read the request
 */
export function failure(err: unknown, reached: boolean): SinkAnswer {
  const chain: { code?: unknown; name?: unknown; cause?: unknown }[] = [];
  for (let e = err; e !== null && typeof e === "object" && chain.length < 5; e = (e as { cause?: unknown }).cause)
    chain.push(e);
  const aborted = chain.some((e) => e.name === "AbortError" || e.name === "TimeoutError");
  // A ConnectError's code is the cause's, and its cause may be undici's or Node's own error without one.
  const named = chain.find((e) => typeof e.code === "string" && e.code !== "EUNKNOWN");
  const code = aborted
    ? "ABORTED"
    : String(named?.code ?? "EUNKNOWN")
        .replace(/[^\w-]/g, "_")
        .slice(0, 60);
  const before = code === "E_URL_BLOCKED" || chain.some((e) => e instanceof ConnectError);
  return {
    kind: "failure",
    code,
    detail: `${String(chain[0]?.name ?? "Error").slice(0, 60)} ${code}`,
    sentBytes: reached && !before,
  };
}
