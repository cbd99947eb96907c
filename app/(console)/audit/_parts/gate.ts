import "server-only";
import { TocsinError } from "#lib/domain/error";
import { assertOwnOrigin } from "../../../_server/origin.ts";
import { can, type Seated, viewerOrProblem } from "../../../_server/session.ts";

/** The two streams of this page are no actions, so they ask here: own page, session, permission. */
export async function auditTaker(request: Request): Promise<Seated | Response> {
  try {
    await assertOwnOrigin(request.headers);
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    return refusal(403, error.code, error.message);
  }
  const who = await viewerOrProblem();
  if (who instanceof Response) return who;
  if (!can(who, "audit.export")) return refusal(403, "E_FORBIDDEN", "Your role does not allow this.");
  return who;
}

export const refusal = (status: number, code: string, title: string): Response =>
  Response.json({ code, title }, { status });
