import type { Metadata } from "next";
import { baseline } from "#lib/queries/baseline";
import { latency } from "#lib/queries/latency";
import { portalIncidents } from "#lib/queries/portal/incidents";
import { portalProbe, portalServerDetail } from "#lib/queries/portal/servers";
import { tenantTier } from "#lib/queries/tenant";
import { ServerView } from "../../../../_parts/server-view.tsx";
import { param, type SearchParams } from "../../../../_server/query.ts";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { can } from "../../../../_server/session.ts";
import { enter } from "../../../_parts/enter.ts";
import { portalChangeServer, portalProbeNow, portalRemoveServer } from "../actions.ts";

export const metadata: Metadata = { title: "Server" };

const ACTIONS = {
  change: portalChangeServer,
  remove: portalRemoveServer,
  probe: portalProbeNow,
};

export default async function PortalServerPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const who = await enter("/portal/servers/[id]");
  const id = idOr404((await params).id);
  const look = await param(searchParams, "look");
  const page = await read(who, async (tx, now) => {
    const detail = await portalServerDetail(tx, id, now);
    if (detail === null) return null;
    return {
      detail,
      minutes: await latency(tx, id, now),
      usual: await baseline(tx, id),
      past: await portalIncidents(tx, { serverId: id, take: 10 }),
      probe: await portalProbe(tx, id),
      tier: await tenantTier(tx, who.seat.id),
    };
  });
  const may = {
    change: can(who, "server.change"),
    setCredential: can(who, "server.credential"),
    remove: can(who, "server.remove"),
  };
  return <ServerView {...found(page)} look={look} actions={ACTIONS} may={may} base="/portal" />;
}
