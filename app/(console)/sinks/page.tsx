import type { Metadata } from "next";
import { deliveries } from "#lib/queries/deliveries";
import { SECRET_DUE_MS } from "#lib/domain/proof";
import { overdueSecrets } from "#lib/queries/sink-proof";
import { sinks } from "#lib/queries/sinks";
import { SinkList } from "../../_parts/sink-list.tsx";
import { now } from "../../_server/clock.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { redriveAction, redriveAllAction } from "./actions.ts";

export const metadata: Metadata = { title: "Sinks" };

export default async function SinksPage() {
  const who = await allowed("sink.read");
  const shown = await read(who, async (tx) => ({
    rows: await sinks(tx),
    overdue: await overdueSecrets(tx, new Date(now().getTime() - SECRET_DUE_MS)),
    dead: await deliveries(tx, { state: "dead", take: 20 }),
  }));
  return (
    <SinkList
      {...shown}
      mayChange={can(who, "sink.change")}
      again={can(who, "delivery.redrive") ? redriveAction : undefined}
      againAll={can(who, "delivery.redrive") ? redriveAllAction : undefined}
    />
  );
}
