import { createHash } from "node:crypto";
import { sameSecret } from "#lib/domain/signature";
import { opsgenieCall } from "#lib/domain/vendor-call";
import { bearerOf } from "../../../../_server/hook.ts";
import { serveVendor, type VendorHook } from "../../../../_server/vendor-hook.ts";

type Context = { params: Promise<{ sink: string }> };

const HOOK: VendorHook = {
  road: "opsgenie",
  // They sign nothing; a header of ours holds the token. Every one that holds now is compared.
  signed(secrets, request) {
    const token = request.headers.get("x-tocsin-token") ?? bearerOf(request);
    const known = secrets.length > 0 ? secrets : [""];
    return known.map((secret) => sameSecret(secret, token)).includes(true) && secrets.length > 0 && token !== "";
  },
  read: opsgenieCall,
  nameless: (body) => createHash("sha256").update(body).digest("hex"),
};

/** Outgoing webhooks of OpsGenie and Jira Service Management: somebody acknowledged or closed there. */
export async function POST(request: Request, { params }: Context): Promise<Response> {
  return serveVendor(HOOK, request, (await params).sink);
}
