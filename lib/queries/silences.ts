// Silences that hold, will hold, or ended within a week.
import type { Tx } from "#lib/adapters/db";
import { peopleNames } from "./incidents.ts";

export interface SilenceRow {
  id: string;
  /** null: every server of the tenant. */
  serverId: string | null;
  serverName: string;
  comment: string;
  by: string;
  startsAt: number;
  endsAt: number;
  state: "holds" | "ended";
}

export async function silences(tx: Tx, now: Date): Promise<SilenceRow[]> {
  const rows = await tx.silence.findMany({
    where: { endsAt: { gte: new Date(now.getTime() - 7 * 86_400_000) } },
    orderBy: { endsAt: "desc" },
    take: 200,
  });
  const servers = await tx.server.findMany({
    where: { id: { in: rows.flatMap((r) => (r.serverId === null ? [] : [r.serverId])) } },
    select: { id: true, name: true },
  });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.createdBy),
  );
  return rows.map((row) => ({
    id: row.id,
    serverId: row.serverId,
    serverName:
      row.serverId === null ? "Every server" : (servers.find((s) => s.id === row.serverId)?.name ?? "a removed server"),
    comment: row.comment,
    by: row.createdBy === null ? "" : (names.get(row.createdBy) ?? ""),
    startsAt: row.startsAt.getTime(),
    endsAt: row.endsAt.getTime(),
    state: row.endsAt > now ? ("holds" as const) : ("ended" as const),
  }));
}
