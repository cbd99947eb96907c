import { endSignIn } from "#lib/commands/sink/sign-in";
import { db } from "../../../_server/db.ts";
import { sourceAddress } from "../../../_server/from.ts";
import { answer } from "../../../_server/hook.ts";
import { actorOf, routerOf, viewerOrProblem } from "../../../_server/session.ts";

/** Where a vendor's sign-in comes back: only to the session that began it, and a foreign or old one changes nothing. */
export async function GET(request: Request, { params }: { params: Promise<{ kind: string }> }): Promise<Response> {
  const who = await viewerOrProblem();
  if (who instanceof Response) return who;
  const asked = new URL(request.url).searchParams;
  return answer(async () => {
    const { sinkId } = await endSignIn(db(), actorOf(who, sourceAddress(request.headers)), (await params).kind, {
      state: asked.get("state") ?? "",
      code: asked.get("code") ?? "",
    });
    const location = `${routerOf(who) === "portal" ? "/portal" : ""}/sinks/${sinkId}`;
    return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
  });
}
