// Signs one root over all tenants' heads, also when nothing changed: an unchanged log is a statement too. The row comes
// first, then each place outside catches up with the rows, so that a full disk delays a copy and never forks the line.
import type { KeyObject } from "node:crypto";
import type { Db, Tx } from "#lib/adapters/db";
import { lastSaved, monthFile, save } from "#lib/adapters/checkpoint-file";
import { type CheckpointPlaces, signingKey } from "#lib/adapters/checkpoint-key";
import type { Log } from "#lib/adapters/log";
import { CHECKPOINT_GENESIS, type Checkpoint, signCheckpoint } from "#lib/domain/audit/checkpoint";
import { type Head, leavesOf, merkleRoot } from "#lib/domain/audit/merkle";
import { existsSync } from "node:fs";
import { checkpointsAfter, type HeadRow, headOf, lastCheckpoint } from "#lib/queries/audit-checkpoints";

const CATCH_UP = 500;

/** @returns the checkpoint made now, null when another process made it. @throws TocsinError E_CONFIG for the key; what the disk says */
export async function checkpoint(db: Db, places: CheckpointPlaces, log: Log, now: Date): Promise<Checkpoint | null> {
  const made = await db.global((tx) => make(tx, signingKey(places.keyFile), now));
  // stdout is the second place: the journal, or whatever collects it, keeps it apart from the database.
  if (made !== null)
    log.info({ checkpoint: { ...made, heads: undefined }, moved: made.heads?.length }, "audit checkpoint");
  await catchUp(db, places.dir);
  return made;
}

async function make(tx: Tx, key: KeyObject, now: Date): Promise<Checkpoint | null> {
  const last = await lastCheckpoint(tx);
  // A clock that was set back must not let time run backwards in what is signed.
  const at = new Date(Math.max(now.getTime(), last === null ? 0 : Date.parse(last.at))).toISOString();
  const heads = (
    await tx.$queryRaw<HeadRow[]>`SELECT tenant_id::text, seq::int8, encode(hash, 'hex') AS hash FROM audit.heads()`
  ).map(headOf);
  const before = new Map((await headsAt(tx, last?.no ?? 0)).map((h) => [h.tenantId, h]));
  const moved = heads.filter((h) => before.get(h.tenantId)?.hash !== h.hash);
  const claim = {
    no: (last?.no ?? 0) + 1,
    at,
    treeSize: heads.length,
    root: merkleRoot(leavesOf(heads)),
    prev: last?.hash ?? CHECKPOINT_GENESIS,
  };
  const signed = signCheckpoint(claim, key);
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
  const written =
    await tx.$executeRaw`INSERT INTO audit.checkpoint (no, at, tree_size, root, prev, hash, signature, key_id)
    VALUES (${BigInt(signed.no)}, ${new Date(at)}, ${signed.treeSize}, ${bytes(signed.root)}, ${bytes(signed.prev)}, ${bytes(signed.hash)},
      ${bytes(signed.signature)}, ${signed.keyId}) ON CONFLICT DO NOTHING`;
  if (written === 0) return null;
  await tx.$queryRaw`SELECT audit.keep_heads(${BigInt(signed.no)}, ${moved.map((h) => h.tenantId)}::uuid[], ${moved.map((h) => BigInt(h.seq))}::int8[],
    ${moved.map((h) => bytes(h.hash))}::bytea[])::text`;
  return { ...signed, heads: moved };
}

/** Brings the files up to the rows; where no file is, from the newest row on. */
async function catchUp(db: Db, dir: string): Promise<void> {
  const saved = lastSaved(dir);
  for (let from = saved?.no ?? null; ; ) {
    const missing = await db.global(async (tx) => {
      const after = from ?? Math.max(0, ((await lastCheckpoint(tx))?.no ?? 0) - 1);
      const rows = await checkpointsAfter(tx, after, CATCH_UP);
      const opens = (c: Checkpoint, before: Checkpoint | undefined) =>
        before ? monthFile(dir, before.at) !== monthFile(dir, c.at) : !existsSync(monthFile(dir, c.at));
      return Promise.all(
        rows.map(async (c, i) => (opens(c, rows[i - 1]) ? { ...c, full: true, heads: await headsAt(tx, c.no) } : c)),
      );
    });
    for (const c of missing) save(dir, c);
    if (missing.length < CATCH_UP) return;
    from = missing.at(-1)?.no ?? 0;
  }
}

async function headsAt(tx: Tx, no: number): Promise<Head[]> {
  const rows = await tx.$queryRaw<
    HeadRow[]
  >`SELECT tenant_id::text, seq::int8, encode(hash, 'hex') AS hash FROM audit.heads_at(${BigInt(no)})`;
  return rows.map(headOf);
}
