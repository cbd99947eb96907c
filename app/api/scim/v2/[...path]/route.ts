// SCIM 2.0: the company's directory writes people and groups here, with a token that a root operator made.
import { serveScim } from "#lib/commands/scim/serve";
import { TocsinError } from "#lib/domain/error";
import { db } from "../../../../_server/db.ts";
import { sourceAddress } from "../../../../_server/from.ts";
import { addressKey, limitBefore } from "../../../../_server/limit.ts";
import { scimAnswer, scimSettings, textOf } from "../../../../_server/scim.ts";

type Context = { params: Promise<{ path: string[] }> };

async function serve(request: Request, { params }: Context): Promise<Response> {
  try {
    await limitBefore("scim", addressKey(request.headers));
    const { path } = await params;
    const bearer = /^Bearer ([\w.~+/=-]{1,200})$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const body = request.method === "GET" || request.method === "DELETE" ? null : await textOf(request);
    const query = new URL(request.url).searchParams;
    const from = sourceAddress(request.headers);
    const stranger = () => limitBefore("scim_stranger", addressKey(request.headers));
    const asked = { method: request.method, path, query, body, bearer, from, stranger };
    return scimAnswer(await serveScim(db(), scimSettings(), asked));
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    return scimAnswer(error);
  }
}

export { serve as DELETE, serve as GET, serve as PATCH, serve as POST, serve as PUT };
