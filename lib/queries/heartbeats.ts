// Where the installation's heartbeat goes, and what became of the last one; never a key.
import type { Tx } from "#lib/adapters/db";
import { HEARTBEAT_WORDS, type HeartbeatKind } from "#lib/domain/heartbeat-target";

export interface HeartbeatRow {
  id: string;
  kind: string;
  name: string;
  pingedAt: number | null;
  heldBackAt: number | null;
  problem: string;
}

export async function heartbeats(tx: Tx): Promise<HeartbeatRow[]> {
  const rows = await tx.heartbeatTarget.findMany({
    where: { removedAt: null },
    orderBy: { createdAt: "asc" },
    select: { id: true, kind: true, name: true, pingedAt: true, heldBackAt: true, problem: true },
  });
  return rows.map((row) => ({
    ...row,
    kind: HEARTBEAT_WORDS[row.kind as HeartbeatKind] ?? row.kind,
    pingedAt: row.pingedAt?.getTime() ?? null,
    heldBackAt: row.heldBackAt?.getTime() ?? null,
  }));
}
