// Deliveries with their tries, newest first: of one incident, of one sink, or the dead ones of the tenant.
import type { Tx } from "#lib/adapters/db";
import { sinkOf } from "#lib/sinks/index";
import { type SinkTrouble, sinkTroubles } from "./sinks.ts";

export interface DeliveryRow {
  id: string;
  sinkId: string;
  sinkName: string;
  sinkKind: string;
  incidentId: string | null;
  /** "#17 Everything", where it is about an incident. */
  incident: string | null;
  kind: string;
  state: "pending" | "leased" | "sent" | "dead" | "withheld";
  reason: string;
  mayHaveArrived: boolean;
  /** Of a vendor that accepts first and works later: whether it has said what came of it. */
  receipt: "confirmed" | "unknown" | "waiting" | null;
  /** Why it is not even tried now; null: it is. */
  waits: string | null;
  createdAt: number;
  dueAt: number;
  settledAt: number | null;
  tries: { number: number; at: number; durationMs: number; outcome: string; status: number | null; reason: string }[];
}

interface Of {
  incidentId?: string;
  sinkId?: string;
  state?: string;
}
const where = (of: Of) => ({
  ...(of.incidentId === undefined ? {} : { incidentId: of.incidentId }),
  ...(of.sinkId === undefined ? {} : { sinkId: of.sinkId }),
  ...(of.state === undefined ? {} : { state: of.state }),
});

export const deliveryCount = (tx: Tx, of: Of): Promise<number> => tx.delivery.count({ where: where(of) });

export async function deliveries(tx: Tx, of: Of & { skip?: number; take?: number }): Promise<DeliveryRow[]> {
  const rows = await tx.delivery.findMany({
    where: where(of),
    orderBy: { ordinal: "desc" },
    skip: of.skip ?? 0,
    take: of.take ?? 100,
  });
  const ids = rows.map((r) => r.id);
  const tries =
    ids.length === 0
      ? []
      : await tx.deliveryTry.findMany({ where: { deliveryId: { in: ids } }, orderBy: { number: "asc" } });
  const sinks = await tx.sink.findMany({
    where: { id: { in: [...new Set(rows.map((r) => r.sinkId))] } },
    select: { id: true, name: true, kind: true },
  });
  const about = await tx.incident.findMany({
    where: { id: { in: [...new Set(rows.flatMap((r) => (r.incidentId === null ? [] : [r.incidentId])))] } },
    select: { id: true, number: true, subjectName: true },
  });
  const byIncident = new Map(about.map((i) => [i.id, `#${i.number} ${i.subjectName}`]));
  const byId = new Map(sinks.map((s) => [s.id, s]));
  const troubles = rows.some((r) => r.state === "pending") ? await sinkTroubles(tx) : new Map();
  return rows.map((row) => ({
    id: row.id,
    sinkId: row.sinkId,
    sinkName: byId.get(row.sinkId)?.name ?? "removed sink",
    sinkKind: sinkOf(byId.get(row.sinkId)?.kind ?? "")?.name ?? "",
    incidentId: row.incidentId,
    incident: row.incidentId === null ? null : (byIncident.get(row.incidentId) ?? null),
    kind: row.kind,
    state: row.state as DeliveryRow["state"],
    reason: row.reason,
    mayHaveArrived: row.mayHaveArrived,
    receipt: row.state === "sent" && row.receiptOwed ? ((row.receipt as DeliveryRow["receipt"]) ?? "waiting") : null,
    waits: row.state === "pending" ? waitsFor(troubles.get(row.sinkId)) : null,
    createdAt: row.createdAt.getTime(),
    dueAt: row.dueAt.getTime(),
    settledAt: row.settledAt?.getTime() ?? null,
    tries: tries
      .filter((t) => t.deliveryId === row.id)
      .map((t) => ({
        number: t.number,
        at: t.at.getTime(),
        durationMs: t.durationMs,
        outcome: t.outcome,
        status: t.status,
        reason: t.reason,
      })),
  }));
}

/** In words, for a delivery of a sink that is left alone. */
export function waitsFor(trouble: SinkTrouble | undefined): string | null {
  if (trouble === undefined) return null;
  const at = `${new Date(trouble.nextTryAt).toISOString().slice(11, 19)} UTC`;
  return trouble.kind === "asked"
    ? `Waits: the sink's vendor asked for a pause; it is tried again at ${at}.`
    : `Waits: the sink has failed ${trouble.failures} times in a row; it is tried again at ${at}.`;
}
