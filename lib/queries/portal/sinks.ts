import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { deliveries } from "../deliveries.ts";
import { sinkProof } from "../sink-proof.ts";
import { sink, sinks } from "../sinks.ts";
import { tens } from "./ours.ts";

export async function portalSinks(tx: Tx) {
  return (await sinks(tx)).map((row) => show("portal", "sink", row));
}

export async function portalSink(tx: Tx, id: string) {
  const row = await sink(tx, id);
  return row === null ? null : show("portal", "sink", row);
}

export async function portalSinkProof(tx: Tx, id: string, now: Date) {
  const row = await sinkProof(tx, id, now);
  return row === null ? null : show("portal", "sinkProof", row);
}

export async function portalDeliveries(tx: Tx, of: Parameters<typeof deliveries>[1]) {
  return (await deliveries(tx, of)).map((row) => ({
    ...show("portal", "delivery", row),
    tries: row.tries.map((t) => ({ ...show("portal", "try", t), durationMs: tens(t.durationMs) })),
  }));
}
