// Verifies a stream of checkpoints and what they say of the chains. Roots are computed again from all heads (our own
// files and the database) or reached by the tenant's path (an export). In memory: one head per tenant, one batch.
import type { KeyObject } from "node:crypto";
import {
  CHECKPOINT_GAP_MS,
  CHECKPOINT_GENESIS,
  type Checkpoint,
  checkpointHash,
  signatureHolds,
} from "./checkpoint.ts";
import type { LawfulDrop } from "./dropped.ts";
import type { Findings } from "./finding.ts";
import { type Head, leafHash, leavesOf, merkleRoot, rootFromPath } from "./merkle.ts";

export interface CheckpointsInput {
  /** In the order of no. */
  checkpoints: AsyncIterable<readonly Checkpoint[]>;
  keys: ReadonlyMap<string, KeyObject>;
  /** Hash of the chain at each place, hex, in the order asked; null where there is no such link. */
  hashesAt: (claims: readonly Head[]) => Promise<readonly (string | null)[]>;
  /** When given, the time from the last checkpoint until then counts as a gap too. Epoch ms. */
  until?: number;
  /** Months that are gone: their ends have to have been signed seven years before. Judged where the line begins at its first. */
  drops?: readonly (LawfulDrop & { tenantId: string })[];
  progress?: (no: number) => void;
}

const where = (c: Pick<Checkpoint, "no" | "at">) => `checkpoint ${c.no} of ${c.at}`;

/** Adds to `found`. @returns the last checkpoint, null when there is none */
export async function verifyCheckpoints(input: CheckpointsInput, found: Findings): Promise<Checkpoint | null> {
  const heads = new Map<string, Head>();
  let whole = false;
  let before: Checkpoint | null = null;
  let waiting: readonly (LawfulDrop & { tenantId: string })[] | null = null;
  for await (const batch of input.checkpoints) {
    const claims: { head: Head; c: Checkpoint }[] = [];
    for (const c of batch) {
      judgeItself(c, before, input.keys, found);
      if (before === null) waiting = c.no === 1 ? (input.drops ?? []) : null;
      for (const head of c.own ? [c.own] : (c.heads ?? [])) {
        const old = heads.get(head.tenantId);
        if (old && head.seq < old.seq)
          found.add(
            "checkpoint-mismatch",
            where(c),
            `It stands before checkpointed link ${old.seq} of tenant ${head.tenantId}.`,
          );
        claims.push({ head, c });
        waiting = waiting && judgeAge(waiting, head, c, found);
        if (c.own) heads.set(head.tenantId, head);
      }
      if (c.own) judgePath(c, found);
      else if (c.heads !== undefined) {
        whole ||= c.no === 1 || c.full === true;
        if (c.full) heads.clear();
        for (const head of c.heads) heads.set(head.tenantId, head);
        judgeRoot(c, before, heads, whole, found);
      }
      before = c;
    }
    const hashes = await input.hashesAt(claims.map(({ head }) => head));
    claims.forEach(({ head, c }, i) => {
      if (hashes[i] !== head.hash)
        found.add(
          "checkpoint-mismatch",
          where(c),
          `Tenant ${head.tenantId}, link ${head.seq} is ${hashes[i] ? "another" : "gone"}.`,
        );
    });
    if (before !== null) input.progress?.(before.no);
  }
  for (const d of waiting ?? [])
    found.add("event-missing", `tenant ${d.tenantId}, month ${d.month}`, "No checkpoint stands over its end.");
  if (before !== null && input.until !== undefined && input.until - Date.parse(before.at) > CHECKPOINT_GAP_MS)
    found.add("checkpoint-gap", `after ${where(before)}`);
  return before;
}

function judgeItself(
  c: Checkpoint,
  before: Checkpoint | null,
  keys: ReadonlyMap<string, KeyObject>,
  found: Findings,
): void {
  if (c.hash !== checkpointHash(c) || !signatureHolds(c, keys)) found.add("checkpoint-signature", where(c));
  const follows =
    before === null ? c.no !== 1 || c.prev === CHECKPOINT_GENESIS : c.no === before.no + 1 && c.prev === before.hash;
  if (!follows) found.add("checkpoint-link", where(c));
  if (before === null) return;
  const silence = Date.parse(c.at) - Date.parse(before.at);
  if (silence > CHECKPOINT_GAP_MS)
    found.add("checkpoint-gap", `before ${where(c)}`, `It lasted ${Math.round(silence / 1000)} seconds.`);
  else if (silence < 0) found.add("checkpoint-link", where(c), "It says an earlier time than the one before it.");
}

/** The first checkpoint over a dropped month's end. @returns the drops that still wait for theirs */
function judgeAge<D extends LawfulDrop & { tenantId: string }>(
  waiting: readonly D[],
  head: Head,
  c: Checkpoint,
  found: Findings,
): readonly D[] {
  const reached = waiting.filter((d) => d.tenantId === head.tenantId && head.seq >= d.last);
  if (reached.length === 0) return waiting;
  for (const d of reached)
    if (Date.parse(c.at) > d.signedBy)
      found.add(
        "event-missing",
        `tenant ${d.tenantId}, month ${d.month}`,
        `Its end was first signed at ${c.at}: that is less than seven years before it was dropped.`,
      );
  return waiting.filter((d) => !reached.includes(d));
}

function judgeRoot(
  c: Checkpoint,
  before: Checkpoint | null,
  heads: ReadonlyMap<string, Head>,
  whole: boolean,
  found: Findings,
): void {
  if (!whole) {
    // Said once: a stream that begins in the middle proves roots only from its first complete list on.
    if (before === null)
      found.add("unproven", where(c), "The file begins in the middle: start with the first line of a month.");
    return;
  }
  // Nothing moved: then the root is the one before, which was computed already.
  const same = before !== null && c.heads?.length === 0 && c.root === before.root && c.treeSize === before.treeSize;
  if (!same && (heads.size !== c.treeSize || merkleRoot(leavesOf(heads.values())) !== c.root))
    found.add("checkpoint-root", where(c));
}

function judgePath(c: Checkpoint, found: Findings): void {
  const { own } = c;
  if (own && rootFromPath(leafHash(own), own.index, c.treeSize, own.path) !== c.root)
    found.add("checkpoint-root", where(c));
}
