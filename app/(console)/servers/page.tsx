import type { Metadata } from "next";
import { servers } from "#lib/queries/servers";
import { ServerList } from "../../_parts/server-list.tsx";
import type { SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";

export const metadata: Metadata = { title: "Servers" };

export default async function ServersPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("server.read");
  return (
    <ServerList all={await read(who, servers)} searchParams={searchParams} mayRegister={can(who, "server.register")} />
  );
}
