// Alerts of another monitor: whose they are first, then what they say; accepted is committed.
import "server-only";
import { createHash } from "node:crypto";
import { now } from "#lib/adapters/clock";
import { accept, refused } from "#lib/commands/inbound/accept";
import { TocsinError } from "#lib/domain/error";
import type { Taken } from "#lib/domain/inbound";
import { type KnownSource, sourceOfSignature, sourceOfToken } from "#lib/queries/inbound-source";
import { db } from "./db.ts";
import { bearerOf, bytesOf, jsonIn, LARGE, stranger } from "./hook.ts";

export interface SourceHook {
  road: "alertmanager" | "generic";
  endsUnsent: boolean;
  read(body: unknown, at: Date): Taken;
}

/**
 * @returns what was not taken, each with why
 * @throws TocsinError E_SIGNATURE, E_TOO_LARGE, E_INVALID, E_UNKNOWN_FIELD; E_UNAVAILABLE when it is to be sent again
 */
export async function takeAlerts(hook: SourceHook, request: Request): Promise<Taken> {
  const at = now();
  const body = await bytesOf(request, LARGE);
  const source = await sourceOf(request, body, at);
  if (source === null) return stranger(request);
  // Only where it is signed is its name worth anything; another body under it is another message all the same.
  const id = request.headers.get("webhook-signature") === null ? null : request.headers.get("webhook-id");
  const call = id === null ? null : `${id}:${createHash("sha256").update(body).digest("hex")}`;
  const { road, endsUnsent } = hook;
  try {
    const taken = hook.read(jsonIn(body), at);
    await accept(db(), { source, road, taken, endsUnsent, call, now: at });
    return taken;
  } catch (error) {
    // What a known source sent in vain is listed where its people look.
    if (error instanceof TocsinError && error.httpStatus < 500 && error.code !== "E_SIGNATURE")
      await refused(db(), { source, road, now: at }, `${error.field ? `${error.field}: ` : ""}${error.message}`).catch(
        () => {}, // Too many at once: then this one is not listed, and refused all the same.
      );
    throw error;
  }
}

/** By its token, by its signature, or by both: what is shown has to hold. */
async function sourceOf(request: Request, body: Uint8Array, at: Date): Promise<KnownSource | null> {
  const { headers } = request;
  const signed = {
    id: headers.get("webhook-id"),
    timestamp: headers.get("webhook-timestamp"),
    signature: headers.get("webhook-signature"),
  };
  const bearer = bearerOf(request);
  const byToken = bearer === "" ? null : await sourceOfToken(db(), bearer);
  if (signed.signature === null) return byToken;
  const pair = new URL(request.url).searchParams.get("source") ?? (byToken ? `${byToken.tenantId}.${byToken.id}` : "");
  const bySignature = await sourceOfSignature(db(), pair, signed, body, at);
  return bearer === "" || byToken?.id === bySignature?.id ? bySignature : null;
}
