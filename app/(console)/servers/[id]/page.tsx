import type { Metadata } from "next";
import { baseline } from "#lib/queries/baseline";
import { incidents } from "#lib/queries/incidents";
import { latency } from "#lib/queries/latency";
import { lastProbeRequest } from "#lib/queries/request";
import { server } from "#lib/queries/server";
import { tenantTier } from "#lib/queries/tenant";
import { param, type SearchParams } from "../../../_server/query.ts";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { ActButton } from "../../../_ui/form.tsx";
import { Section } from "../../../_ui/page-head.tsx";
import { releaseProbesAction } from "../../platform/probers/actions.ts";
import { ServerView } from "../../../_parts/server-view.tsx";
import { changeServerAction, probeNowAction, removeServerAction } from "../actions.ts";

export const metadata: Metadata = { title: "Server" };

const ACTIONS = {
  change: changeServerAction,
  remove: removeServerAction,
  probe: probeNowAction,
};

export default async function ServerPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const given = (await params).id;
  const who = await allowed("server.read", `/portal/servers/${encodeURIComponent(given)}`);
  const id = idOr404(given);
  const look = await param(searchParams, "look");
  const page = await read(who, async (tx, now) => {
    const detail = await server(tx, id, now);
    if (detail === null) return null;
    return {
      detail,
      minutes: await latency(tx, id, now),
      usual: await baseline(tx, id),
      past: can(who, "incident.read") ? await incidents(tx, { serverId: id, take: 10 }) : [],
      probe: await lastProbeRequest(tx, id),
      tier: await tenantTier(tx, who.seat.id),
    };
  });
  const may = {
    change: can(who, "server.change"),
    setCredential: can(who, "server.credential"),
    remove: can(who, "server.remove"),
  };
  const shown = found(page);
  return (
    <>
      <ServerView {...shown} look={look} actions={ACTIONS} may={may} />
      {shown.detail.slowed !== null && can(who, "prober.release") && (
        <Section title="Slowed down">
          <p className="mb-3 max-w-3xl text-sm text-ink-2">
            Probers had to be killed in the checks of this tenant again and again, so all of them come{" "}
            {shown.detail.slowed.factor} times less often. It ends by itself an hour after the last kill.
          </p>
          <ActButton
            action={releaseProbesAction}
            fields={{ tenantId: who.seat.id }}
            busy="Releasing…"
            label="Check as often as is set"
          >
            Check as often as is set
          </ActButton>
        </Section>
      )}
    </>
  );
}
