import type { Tx } from "#lib/adapters/db";

export interface KeysUnder {
  /** The store and its key, "file:0123456789abcdef". */
  kekId: string;
  dataKeys: number;
  /** Of these, how many seal nothing any more. */
  retired: number;
  oldest: number;
}

/** How many tenants' data keys lie under which key of the store. Reads nothing outside the installation's own tenant. */
export async function dataKeysUnder(tx: Tx): Promise<KeysUnder[]> {
  const rows = await tx.$queryRaw<{ kek_id: string; keys: bigint; retired: bigint; oldest: Date }[]>`
    SELECT kek_id, keys, retired, oldest FROM app.data_keys_under()`;
  return rows.map((r) => ({
    kekId: r.kek_id,
    dataKeys: Number(r.keys),
    retired: Number(r.retired),
    oldest: r.oldest.getTime(),
  }));
}

/** Values that are still in the first form, which the key file itself opens. */
export async function inFirstForm(tx: Tx): Promise<number> {
  const [row] = await tx.$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM app.sealed_values() WHERE form = 1`;
  return Number(row?.n ?? 0);
}

export interface Rewrapping {
  state: "pending" | "running" | "done" | "failed";
  at: number;
  to: string | null;
  failure: string | null;
}

/** The newest replacement of the key above the data keys. */
export async function lastRewrapping(tx: Tx): Promise<Rewrapping | null> {
  const row = await tx.request.findFirst({ where: { kind: "rewrap-keys" }, orderBy: { createdAt: "desc" } });
  if (row === null) return null;
  const { sentence } = (row.result ?? {}) as { sentence?: unknown };
  const { to } = (row.payload ?? {}) as { to?: unknown };
  return {
    state: row.state as Rewrapping["state"],
    at: (row.doneAt ?? row.createdAt).getTime(),
    to: typeof to === "string" ? to : null,
    failure: row.state === "failed" ? (typeof sentence === "string" ? sentence : "It failed.") : null,
  };
}
