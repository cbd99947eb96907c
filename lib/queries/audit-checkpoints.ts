// Checkpoints as rows, as the worker reads them: with all the heads that moved.
import type { Tx } from "#lib/adapters/db";
import type { Checkpoint } from "#lib/domain/audit/checkpoint";
import type { Head } from "#lib/domain/audit/merkle";

export interface HeadRow {
  tenant_id: string;
  seq: bigint | string;
  hash: string;
}
export const headOf = (row: HeadRow): Head => ({ tenantId: row.tenant_id, seq: Number(row.seq), hash: row.hash });

export interface CheckpointRow {
  no: string;
  at: string;
  tree_size: number;
  root: string;
  prev: string;
  hash: string;
  signature: string;
  key_id: string;
}

/** One spelling for every reader; text and hex, so that each database client gives the same. */
export const CHECKPOINT_COLUMNS = `k.no::text, to_char(k.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, k.tree_size,
  encode(k.root, 'hex') AS root, encode(k.prev, 'hex') AS prev, encode(k.hash, 'hex') AS hash, encode(k.signature, 'hex') AS signature, k.key_id`;

export const checkpointOf = (r: CheckpointRow): Checkpoint => ({
  no: Number(r.no),
  at: r.at,
  treeSize: r.tree_size,
  root: r.root,
  prev: r.prev,
  hash: r.hash,
  signature: r.signature,
  keyId: r.key_id,
});

export async function lastCheckpoint(tx: Tx): Promise<Checkpoint | null> {
  const rows = await tx.$queryRawUnsafe<CheckpointRow[]>(
    `SELECT ${CHECKPOINT_COLUMNS} FROM audit.checkpoint k ORDER BY k.no DESC LIMIT 1`,
  );
  return rows[0] ? checkpointOf(rows[0]) : null;
}

/** The worker's reading: only its role may see the heads of every tenant. */
export async function checkpointsAfter(tx: Tx, no: number, take: number): Promise<Checkpoint[]> {
  const rows = await tx.$queryRawUnsafe<CheckpointRow[]>(
    `SELECT ${CHECKPOINT_COLUMNS} FROM audit.checkpoint k WHERE k.no > $1 ORDER BY k.no LIMIT $2`,
    BigInt(no),
    take,
  );
  const last = rows.at(-1);
  if (last === undefined) return [];
  const moved = await tx.$queryRawUnsafe<(HeadRow & { no: string })[]>(
    "SELECT no::text, tenant_id::text, seq::int8, encode(hash, 'hex') AS hash FROM audit.heads_moved($1, $2)",
    BigInt(no + 1),
    BigInt(last.no),
  );
  const byNo = Map.groupBy(moved, (m) => m.no);
  return rows.map((r) => ({ ...checkpointOf(r), heads: (byNo.get(r.no) ?? []).map(headOf) }));
}
