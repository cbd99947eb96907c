import { randomUUID } from "node:crypto";
import { pagerdutySigned } from "#lib/domain/signature";
import { pagerdutyCall } from "#lib/domain/vendor-call";
import { serveVendor, type VendorHook } from "../../../../_server/vendor-hook.ts";

type Context = { params: Promise<{ sink: string }> };

const HOOK: VendorHook = {
  road: "pagerduty",
  signed: (secrets, request, body) => pagerdutySigned(secrets, request.headers.get("x-pagerduty-signature"), body),
  read: pagerdutyCall,
  nameless: () => randomUUID(),
};

/** Webhooks of PagerDuty, version 3: somebody acknowledged, resolved or reassigned there. */
export async function POST(request: Request, { params }: Context): Promise<Response> {
  return serveVendor(HOOK, request, (await params).sink);
}
