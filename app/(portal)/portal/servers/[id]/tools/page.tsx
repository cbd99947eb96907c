import type { Metadata } from "next";
import { portalTools } from "#lib/queries/portal/tools";
import { ToolsView, toolsAsked } from "../../../../../_parts/tools-view.tsx";
import type { SearchParams } from "../../../../../_server/query.ts";
import { found, idOr404, read } from "../../../../../_server/read.ts";
import { can } from "../../../../../_server/session.ts";
import { enter } from "../../../../_parts/enter.ts";
import { portalAcceptTools } from "../../actions.ts";

export const metadata: Metadata = { title: "Tools" };

export default async function PortalToolsPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const who = await enter("/portal/servers/[id]/tools");
  const id = idOr404((await params).id);
  const ask = await toolsAsked(searchParams);
  const page = await read(who, (tx) => portalTools(tx, id, ask));
  const mayAccept = can(who, "server.accept_tools");
  return <ToolsView found={found(page)} ask={ask} accept={portalAcceptTools} mayAccept={mayAccept} base="/portal" />;
}
