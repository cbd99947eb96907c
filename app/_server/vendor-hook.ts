// A webhook of PagerDuty, OpsGenie or Jira Service Management about one sink.
import "server-only";
import { now } from "#lib/adapters/clock";
import { fromOutside } from "#lib/commands/incident/from-outside";
import { readPair } from "#lib/domain/sink-inbound";
import type { VendorCall } from "#lib/domain/vendor-call";
import { inboundSecrets } from "#lib/queries/sink-inbound";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { answer, bytesOf, jsonIn, SMALL, stranger, taken } from "./hook.ts";

export interface VendorHook {
  road: "pagerduty" | "opsgenie";
  /** Whether it is the vendor's, by any secret that holds now. */
  signed(secrets: readonly string[], request: Request, body: Uint8Array): boolean;
  read(body: unknown): VendorCall;
  /** What a call without a name of its own is called. */
  nameless(body: Uint8Array): string;
}

/** @param pair tenant and sink, as the address names them; unknown ones are answered as a wrong signature is */
export function serveVendor(hook: VendorHook, request: Request, pair: string): Promise<Response> {
  return answer(async () => {
    const body = await bytesOf(request, SMALL);
    const at = now();
    const named = readPair(pair);
    const secrets =
      named === null
        ? []
        : await inboundSecrets(db(), { tenantId: named.tenantId, sinkId: named.id, kind: hook.road }, at);
    if (!hook.signed(secrets, request, body) || named === null) return stranger(request);
    const call = hook.read(jsonIn(body));
    const { verb, dedupKey, who, to } = call;
    await fromOutside(
      db(),
      {
        ...{ tenantId: named.tenantId, sinkId: named.id, road: hook.road, verb, who, incident: { dedupKey } },
        key: call.key || hook.nameless(body),
        ...(to === undefined ? {} : { to }),
        from: sourceAddress(request.headers),
      },
      at,
    );
    return taken();
  });
}
