import type { Metadata } from "next";
import { deliveries, deliveryCount } from "#lib/queries/deliveries";
import { sink as sinkQuery } from "#lib/queries/sinks";
import { PER_PAGE, SinkView } from "../../../_parts/sink-view.tsx";
import { pageOf, type SearchParams } from "../../../_server/query.ts";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import {
  changeSinkAction,
  disableSinkAction,
  enableSinkAction,
  fallbackAction,
  redriveAction,
  redriveAllAction,
  removeSinkAction,
  testSendAction,
} from "../actions.ts";

export const metadata: Metadata = { title: "Sink" };

const ACTIONS = {
  change: changeSinkAction,
  test: testSendAction,
  enable: enableSinkAction,
  disable: disableSinkAction,
  remove: removeSinkAction,
  fallback: fallbackAction,
};

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
  const shown = found(
    await read(who, async (tx) => {
      const sink = await sinkQuery(tx, id);
      if (sink === null) return null;
      const total = await deliveryCount(tx, { sinkId: id });
      const page = await pageOf(searchParams, PER_PAGE, total);
      return {
        sink,
        total,
        page,
        sent: await deliveries(tx, { sinkId: id, skip: (page - 1) * PER_PAGE, take: PER_PAGE }),
      };
    }),
  );
  return (
    <SinkView
      {...shown}
      mayChange={can(who, "sink.change")}
      again={can(who, "delivery.redrive") ? redriveAction : undefined}
      againAll={can(who, "delivery.redrive") ? redriveAllAction : undefined}
      actions={ACTIONS}
    />
  );
}
