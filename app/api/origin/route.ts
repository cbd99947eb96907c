import { TocsinError } from "#lib/domain/error";
import { refusedOrigin } from "../../_server/origin.ts";
import { problem } from "../../_server/problem.ts";

/** Where the console's server sends a change that none of its pages made: refused, and in the log of whoever's cookie it carried. */
async function refuse(request: Request): Promise<Response> {
  try {
    await refusedOrigin(request.headers);
    return new Response(null, { status: 404 });
  } catch (error) {
    if (error instanceof TocsinError) return problem(error);
    throw error;
  }
}

export { refuse as DELETE, refuse as PATCH, refuse as POST, refuse as PUT };
