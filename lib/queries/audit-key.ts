import type { Tx } from "#lib/adapters/db";

/** Id of the key that signed the newest checkpoint; null before the first. */
export async function signingNow(tx: Tx): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ key_id: string }[]>`SELECT key_id FROM audit.checkpoint ORDER BY no DESC LIMIT 1`;
  return row?.key_id ?? null;
}

export interface Rotation {
  state: "pending" | "running" | "done" | "failed";
  at: number;
  /** Ids of the old key and the new one, once it is done. */
  keys: { from: string; to: string } | null;
  failure: string | null;
}

/** The newest replacement of the key, in the installation's own tenant. */
export async function lastRotation(tx: Tx): Promise<Rotation | null> {
  const row = await tx.request.findFirst({ where: { kind: "rotate-key" }, orderBy: { createdAt: "desc" } });
  if (row === null) return null;
  const result = (row.result ?? {}) as { from?: unknown; to?: unknown; sentence?: unknown };
  const { from, to, sentence } = result;
  return {
    state: row.state as Rotation["state"],
    at: (row.doneAt ?? row.createdAt).getTime(),
    keys: typeof from === "string" && typeof to === "string" ? { from, to } : null,
    failure: row.state === "failed" ? (typeof sentence === "string" ? sentence : "It failed.") : null,
  };
}
