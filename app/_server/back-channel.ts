import "server-only";
import { now } from "#lib/adapters/clock";
import { env } from "#lib/adapters/env";
import { readLogoutToken } from "#lib/adapters/oidc";
import { backChannelLogout } from "#lib/commands/session/back-channel";
import { recordRefusedSignIn } from "#lib/commands/session/refused";
import { TocsinError } from "#lib/domain/error";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { addressKey, limitBefore } from "./limit.ts";
import { log } from "./log.ts";
import { problem } from "./problem.ts";

const MAX_TOKEN = 8_192;

/** The identity provider says that somebody has signed out there. Its own signature is all the proof that counts. */
export async function hearLogout(request: Request): Promise<Response> {
  const from = sourceAddress(request.headers);
  try {
    await limitBefore("back_channel", addressKey(request.headers));
    const token = new URLSearchParams(await request.text()).get("logout_token") ?? "";
    if (token === "" || token.length > MAX_TOKEN) throw new TocsinError("E_INVALID", "Send one logout_token.");
    const said = await readLogoutToken(token);
    const ended = await backChannelLogout(db(), said, env().OIDC_ISSUER, now(), from);
    log().info({ ended }, "the identity provider signed somebody out");
    return new Response(null, { status: 200, headers: { "cache-control": "no-store" } });
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    log().warn({ code: error.code, detail: error.detail }, "a logout of the identity provider was refused");
    if (error.code !== "E_ID_TOKEN") return problem(error);
    await recordRefusedSignIn(db(), { code: error.code, at: "back-channel", from });
    // The standard asks for 400 and this error, whatever was wrong.
    return Response.json(
      { error: "invalid_request", error_description: error.message, code: error.code },
      { status: 400, headers: { "cache-control": "no-store" } },
    );
  }
}
