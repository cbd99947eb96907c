import type { Metadata } from "next";
import { deliveryCount } from "#lib/queries/deliveries";
import { portalDeliveries, portalSink, portalSinkProof } from "#lib/queries/portal/sinks";
import { PER_PAGE, SinkView } from "../../../../_parts/sink-view.tsx";
import { now } from "../../../../_server/clock.ts";
import { pageOf, type SearchParams } from "../../../../_server/query.ts";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { can } from "../../../../_server/session.ts";
import { enter } from "../../../_parts/enter.ts";
import {
  portalChangeSink,
  portalDisableSink,
  portalEnableSink,
  portalRemoveSink,
  portalSetFallback,
  portalTestSend,
  portalChallengeSink,
  portalProveSink,
  portalRotateSecret,
  portalStartSignIn,
} from "../actions.ts";

export const metadata: Metadata = { title: "Sink" };

const ACTIONS = {
  change: portalChangeSink,
  test: portalTestSend,
  enable: portalEnableSink,
  disable: portalDisableSink,
  remove: portalRemoveSink,
  fallback: portalSetFallback,
  challenge: portalChallengeSink,
  prove: portalProveSink,
  signIn: portalStartSignIn,
  rotate: portalRotateSecret,
};

export default async function PortalSinkPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const who = await enter("/portal/sinks/[id]");
  const id = idOr404((await params).id);
  const at = now();
  const shown = found(
    await read(who, async (tx) => {
      const sink = await portalSink(tx, id);
      const proof = await portalSinkProof(tx, id, at);
      if (sink === null || proof === null) return null;
      const total = await deliveryCount(tx, { sinkId: id });
      const page = await pageOf(searchParams, PER_PAGE, total);
      const sent = await portalDeliveries(tx, { sinkId: id, skip: (page - 1) * PER_PAGE, take: PER_PAGE });
      return { sink, proof, total, page, sent };
    }),
  );
  return (
    <SinkView
      {...shown}
      mayChange={can(who, "sink.change")}
      mayProve={can(who, "sink.prove")}
      mayReplace={can(who, "sink.secret")}
      now={at.getTime()}
      actions={ACTIONS}
      base="/portal"
    />
  );
}
