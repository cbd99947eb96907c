import type { Metadata } from "next";
import { deliveries, deliveryCount } from "#lib/queries/deliveries";
import { sinkProof } from "#lib/queries/sink-proof";
import { sink as sinkQuery } from "#lib/queries/sinks";
import { SinkInbound } from "../../../_parts/sink-inbound.tsx";
import { PER_PAGE, SinkView } from "../../../_parts/sink-view.tsx";
import { now } from "../../../_server/clock.ts";
import { pageOf, type SearchParams } from "../../../_server/query.ts";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import {
  challengeSinkAction,
  changeSinkAction,
  disableSinkAction,
  enableSinkAction,
  fallbackAction,
  proveSinkAction,
  redriveAction,
  redriveAllAction,
  removeSinkAction,
  rotateSecretAction,
  startSignInAction,
  testSendAction,
} from "../actions.ts";

import { endInboundSecretAction, setInboundSecretAction } from "../inbound-actions.ts";

export const metadata: Metadata = { title: "Sink" };

const ACTIONS = {
  change: changeSinkAction,
  test: testSendAction,
  enable: enableSinkAction,
  disable: disableSinkAction,
  remove: removeSinkAction,
  fallback: fallbackAction,
  challenge: challengeSinkAction,
  prove: proveSinkAction,
  signIn: startSignInAction,
  rotate: rotateSecretAction,
};

const INBOUND = { set: setInboundSecretAction, end: endInboundSecretAction };

export default async function SinkPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const given = (await params).id;
  const who = await allowed("sink.read", `/portal/sinks/${encodeURIComponent(given)}`);
  const id = idOr404(given);
  const at = now();
  const shown = found(
    await read(who, async (tx) => {
      const sink = await sinkQuery(tx, id);
      const proof = await sinkProof(tx, id, at);
      if (sink === null || proof === null) return null;
      const total = await deliveryCount(tx, { sinkId: id });
      const page = await pageOf(searchParams, PER_PAGE, total);
      return {
        sink,
        proof,
        total,
        page,
        sent: await deliveries(tx, { sinkId: id, skip: (page - 1) * PER_PAGE, take: PER_PAGE }),
      };
    }),
  );
  return (
    <>
      <SinkView
        {...shown}
        mayChange={can(who, "sink.change")}
        mayProve={can(who, "sink.prove")}
        mayReplace={can(who, "sink.secret")}
        now={at.getTime()}
        again={can(who, "delivery.redrive") ? redriveAction : undefined}
        againAll={can(who, "delivery.redrive") ? redriveAllAction : undefined}
        actions={ACTIONS}
      />
      <SinkInbound who={who} sink={shown.sink} actions={INBOUND} />
    </>
  );
}
