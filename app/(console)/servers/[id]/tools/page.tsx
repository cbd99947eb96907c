import type { Metadata } from "next";
import { serverTools } from "#lib/queries/server-tools";
import { ToolsView, toolsAsked } from "../../../../_parts/tools-view.tsx";
import type { SearchParams } from "../../../../_server/query.ts";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { allowed, can } from "../../../../_server/session.ts";
import { acceptToolsAction } from "../../actions.ts";

export const metadata: Metadata = { title: "Tools" };

export default async function ServerToolsPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const given = (await params).id;
  const who = await allowed("server.read", `/portal/servers/${encodeURIComponent(given)}/tools`);
  const id = idOr404(given);
  const ask = await toolsAsked(searchParams);
  const page = await read(who, (tx) => serverTools(tx, id, ask));
  return (
    <ToolsView found={found(page)} ask={ask} accept={acceptToolsAction} mayAccept={can(who, "server.accept_tools")} />
  );
}
