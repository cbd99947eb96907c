import "server-only";
import { env } from "#lib/adapters/env";
import { failed, type ScimAnswer, type ScimSettings } from "#lib/commands/scim/serve";
import { TocsinError } from "#lib/domain/error";

/** A few thousand members at once; the console's own server takes no more either. */
const MAX_BODY = 262_144;

export function scimSettings(): ScimSettings {
  const e = env();
  return {
    issuer: e.OIDC_ISSUER,
    groupsFrom: e.TOCSIN_GROUPS_FROM,
    base: `${e.TOCSIN_URL.replace(/\/$/, "")}/api/scim/v2`,
  };
}

/** Counted while it arrives: what the sender says of its length may be a lie. @throws TocsinError E_TOO_LARGE */
export async function textOf(request: Request, max = MAX_BODY): Promise<string> {
  const tooLarge = () => new TocsinError("E_TOO_LARGE", "A request has at most 256 KiB: send it in parts.");
  if (Number(request.headers.get("content-length") ?? 0) > max) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
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
  return Buffer.concat(parts).toString("utf8");
}

export function scimAnswer(answer: ScimAnswer | TocsinError): Response {
  const error = answer instanceof TocsinError ? answer : null;
  const { status, body, location } =
    error === null
      ? (answer as ScimAnswer)
      : { ...failed({ status: error.httpStatus, message: error.message }), location: undefined };
  const headers = {
    "cache-control": "no-store",
    ...(location === undefined ? {} : { location }),
    ...(error?.retryAfterS === undefined ? {} : { "retry-after": String(error.retryAfterS) }),
    ...(status === 401 ? { "www-authenticate": 'Bearer realm="SCIM"' } : {}),
  };
  if (body === null) return new Response(null, { status, headers });
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/scim+json" },
  });
}
