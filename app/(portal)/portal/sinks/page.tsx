import type { Metadata } from "next";
import { portalDeliveries, portalSinks } from "#lib/queries/portal/sinks";
import { SinkList } from "../../../_parts/sink-list.tsx";
import { read } from "../../../_server/read.ts";
import { can } from "../../../_server/session.ts";
import { enter } from "../../_parts/enter.ts";

export const metadata: Metadata = { title: "Sinks" };

export default async function PortalSinksPage() {
  const who = await enter("/portal/sinks");
  const shown = await read(who, async (tx) => ({
    rows: await portalSinks(tx),
    dead: await portalDeliveries(tx, { state: "dead", take: 20 }),
  }));
  return <SinkList {...shown} mayChange={can(who, "sink.change")} base="/portal" />;
}
