import type { Metadata } from "next";
import { portalServers } from "#lib/queries/portal/servers";
import { ServerList } from "../../../_parts/server-list.tsx";
import type { SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { can } from "../../../_server/session.ts";
import { enter } from "../../_parts/enter.ts";

export const metadata: Metadata = { title: "Servers" };

export default async function PortalServersPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await enter("/portal/servers");
  return (
    <ServerList
      all={await read(who, portalServers)}
      searchParams={searchParams}
      mayRegister={can(who, "server.register")}
      base="/portal"
    />
  );
}
