import { touchSession } from "#lib/commands/session/touch";
import { TocsinError } from "#lib/domain/error";
import { now } from "../../_server/clock.ts";
import { db } from "../../_server/db.ts";
import { assertOwnOrigin } from "../../_server/origin.ts";
import { viewer } from "../../_server/session.ts";

/** The person did something in the page: their idle limit starts again. */
export async function POST(request: Request): Promise<Response> {
  try {
    assertOwnOrigin(request.headers);
  } catch (error) {
    if (error instanceof TocsinError)
      return Response.json({ code: error.code, title: error.message }, { status: error.httpStatus });
    throw error;
  }
  const who = await viewer();
  if (who === null) return Response.json({ code: "E_SIGNED_OUT", title: "Sign in again." }, { status: 401 });
  await touchSession(db(), who.sessionId, now());
  return new Response(null, { status: 204 });
}
