import { leaveVisit } from "#lib/commands/impersonation/leave";
import { TocsinError } from "#lib/domain/error";
import { setCookie } from "../../../_server/cookie.ts";
import { db } from "../../../_server/db.ts";
import { sourceAddress } from "../../../_server/from.ts";
import { assertOwnOrigin } from "../../../_server/origin.ts";
import { problem } from "../../../_server/problem.ts";
import { standing } from "../../../_server/session.ts";

/**
 * The banner's button, and the way on from a visit that is over: a plain form, so that it works before any script does.
 * Whoever makes a visit may always end it; without one it only takes the cookie away.
 */
export async function POST(request: Request): Promise<Response> {
  try {
    await assertOwnOrigin(request.headers);
  } catch (error) {
    if (error instanceof TocsinError) return problem(error);
    throw error;
  }
  const { viewer: who } = await standing();
  if (who?.acting) await leaveVisit(db(), who, sourceAddress(request.headers));
  return new Response(null, {
    status: 303,
    headers: {
      location: "/visits",
      "set-cookie": setCookie("visit", "", 0),
      "cache-control": "no-store",
    },
  });
}
