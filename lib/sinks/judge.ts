// What the sinks' judgements have in common: reasons are sentences that say what to do, and never hold a secret,
// even when the vendor (or whoever answers in its place) echoes what we sent.
import type { Judgement, SinkMemory } from "../domain/delivery.ts";
import type { SinkAnswer } from "./sink.ts";
import { manyLines, oneLine } from "./text.ts";

type Failure = Extract<SinkAnswer, { kind: "failure" }>;
export type Response = Extract<SinkAnswer, { kind: "response" }>;

export const sent = (memory: SinkMemory): Judgement => ({ verdict: "sent", memory });

/** @param maybe the vendor may have done the work although no good answer reached us */
export function retry(reason: string, maybe: boolean, afterS?: number): Judgement {
  return { verdict: "retry", reason, maybe, ...(afterS === undefined ? {} : { afterS }) };
}

/** Only this delivery is lost. */
export const dead = (reason: string): Judgement => ({ verdict: "dead", reason, disablesSink: false });
/** Every later delivery would fail the same way, so the sink is switched off until somebody mends it. */
export const disable = (reason: string): Judgement => ({ verdict: "dead", reason, disablesSink: true });

const FAILURES: [RegExp, string][] = [
  [
    /^E_URL_BLOCKED$/,
    "The address is private or reserved, so nothing was sent: correct it, or ask an operator to allow the range.",
  ],
  [/^(ENOTFOUND|EAI_\w+|ENODATA)$/, "The host name does not resolve: check its spelling and DNS."],
  [/^ECONNREFUSED$/, "Nothing listens at that address: check host and port."],
  [
    /^(CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|ETLS)$/,
    "The connection is not trusted: check the certificate, or give Tocsin the authority that signed it (TOCSIN_CA_FILE).",
  ],
  [/TIMEOUT|TIMEDOUT|^ABORTED$/, "No answer in time."],
];

/** No answer arrived: always tried again, since nobody has refused anything. */
export function unanswered(vendor: string, failure: Failure): Judgement {
  const why =
    FAILURES.find(([pattern]) => pattern.test(failure.code))?.[1] ?? "The connection broke before an answer came.";
  return retry(`${vendor}: ${why} (${oneLine(failure.code, 40).replace(/[^\w -]/g, "")})`, failure.sentBytes);
}

/** 429 has done nothing; a 5xx may have done the work before it failed. */
export function busy(vendor: string, answer: Response, afterS?: number): Judgement {
  const wait = afterS ?? retryAfterS(answer.headers);
  if (answer.status === 429) return retry(`${vendor} asks us to slow down (429).`, false, wait);
  return retry(`${vendor} has trouble of its own (${answer.status}).`, true, wait);
}

/** Seconds of a Retry-After given in seconds; the date form is read against the answer's own Date header. */
export function retryAfterS(headers: Record<string, string>): number | undefined {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text)
    ? Number(text)
    : (Date.parse(text) - Date.parse(headers["date"] ?? "")) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(Math.ceil(seconds), 14_400) : undefined;
}

/**
 * A vendor's own words for a reason: one line, at most 160 units, secrets replaced.
 * @param secrets whole secret values; long pieces of a secret URL's path count as well
 */
export function quote(text: unknown, secrets: readonly (string | undefined)[]): string {
  const pieces = secrets.flatMap((s) => (s === undefined ? [] : [s, ...s.split(/[/_]/).filter((p) => p.length >= 16)]));
  const longestFirst = pieces.filter((p) => p.length >= 4).sort((a, b) => b.length - a.length);
  const hide = (line: string) => longestFirst.reduce((rest, piece) => rest.replaceAll(piece, "[secret]"), line);
  // Twice: cleaning may join what invisible characters kept apart, and cutting must not leave half a secret.
  return typeof text === "string" ? oneLine(hide(manyLines(hide(text), text.length)), 160) : "";
}

/** An answer's JSON object without a prototype, or null when it is none: HTML, plain text, an array, cut off. */
export function jsonBody(answer: Response): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(answer.body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.assign(Object.create(null), value)
      : null;
  } catch {
    return null;
  }
}
