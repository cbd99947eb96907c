// What every door for machines shares: the body as bytes and bounded, strangers counted, and answers that say little.
import "server-only";
import { isOutage } from "#lib/adapters/outage";
import { TocsinError } from "#lib/domain/error";
import { addressKey, limitBefore } from "./limit.ts";
import { log } from "./log.ts";
import { problem } from "./problem.ts";

export const SMALL = 64 * 1024;
export const LARGE = 2 * 1024 * 1024;
const RETRY_S = 5;

/** Counted while it arrives: what the sender says of its length may be a lie. @throws TocsinError E_TOO_LARGE */
export async function bytesOf(request: Request, max: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new TocsinError("E_TOO_LARGE", `A request has at most ${Math.floor(max / 1024)} KiB: send it in parts.`);
  if (Number(request.headers.get("content-length") ?? 0) > max) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > max) {
      await reader.cancel();
      throw tooLarge();
    }
    parts.push(value);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** @throws TocsinError E_INVALID */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new TocsinError("E_INVALID", "This is not JSON.");
  }
}

/** Whose signature or token does not fit: counted by address, and told nothing of what was wrong. */
export async function stranger(request: Request): Promise<never> {
  await limitBefore("hook_stranger", addressKey(request.headers));
  throw new TocsinError("E_SIGNATURE", "This is not signed as it should be, or its token is not known here.");
}

export const bearerOf = (request: Request): string =>
  /^Bearer ([\w.~+/=-]{1,200})$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";

/** Our own trouble is always 503 with Retry-After: whoever sends keeps what it has and sends it again. */
export async function answer(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TocsinError && error.code !== "E_UNAVAILABLE") return problem(error);
    // An erased tenant is an E_STATE above; whatever else it was, nothing was taken.
    const known = error instanceof TocsinError;
    if (!known || isOutage(error)) log().error({ err: error }, "what came from outside could not be taken");
    const retryAfterS = known ? (error.retryAfterS ?? RETRY_S) : RETRY_S;
    return problem(
      new TocsinError("E_UNAVAILABLE", known ? error.message : "This could not be taken now: send it again.", {
        retryAfterS,
      }),
    );
  }
}

/** A whole answer without a body. */
export const taken = (status = 200): Response =>
  new Response(null, { status, headers: { "cache-control": "no-store" } });
