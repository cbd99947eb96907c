import { touchSession } from "#lib/commands/session/touch";
import { TocsinError } from "#lib/domain/error";
import { now } from "../../_server/clock.ts";
import { db } from "../../_server/db.ts";
import { assertOwnOrigin } from "../../_server/origin.ts";
import { problem } from "../../_server/problem.ts";
import { viewerOrProblem } from "../../_server/session.ts";

/** The person did something in the page: their idle limit starts again. */
export async function POST(request: Request): Promise<Response> {
  try {
    await assertOwnOrigin(request.headers);
  } catch (error) {
    if (error instanceof TocsinError) return problem(error);
    throw error;
  }
  const who = await viewerOrProblem();
  if (who instanceof Response) return who;
  await touchSession(db(), who.sessionId, now());
  return new Response(null, { status: 204 });
}
