import { TocsinError } from "#lib/domain/error";
import { postmortemMarkdown } from "#lib/domain/postmortem";
import { postmortem } from "#lib/queries/postmortems";
import { assertOwnOrigin } from "../../../../_server/origin.ts";
import { problem } from "../../../../_server/problem.ts";
import { read } from "../../../../_server/read.ts";
import { can, routerOf, viewerOrProblem } from "../../../../_server/session.ts";

export const dynamic = "force-dynamic";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One postmortem with its action items as a file of Markdown. Its name is made of the incident's number alone. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  try {
    await assertOwnOrigin(request.headers);
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    return problem(error);
  }
  const who = await viewerOrProblem();
  if (who instanceof Response) return who;
  if (routerOf(who) !== "console" || !can(who, "postmortem.read"))
    return problem(new TocsinError("E_FORBIDDEN", "Your role does not allow this."));
  const { id } = await params;
  const one = UUID.test(id) ? await read(who, (tx, now) => postmortem(tx, id, now)) : null;
  if (one === null) return problem(new TocsinError("E_NOT_FOUND", "There is no such postmortem."));
  const number = /^#(\d{1,9}) /.exec(one.title)?.[1] ?? "0";
  return new Response(postmortemMarkdown(one), {
    headers: {
      "content-type": "text/markdown; charset=utf-8",
      "content-disposition": `attachment; filename="postmortem-${number}.md"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
