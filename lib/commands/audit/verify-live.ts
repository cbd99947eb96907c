// Verifies the log of a running installation. The console asks for one tenant, the command line for all of them and,
// with a file that was saved elsewhere, for what a forger who owns the database could have recomputed.
import type { KeyObject } from "node:crypto";
import { CheckpointSchema, type Checkpoint } from "#lib/domain/audit/checkpoint";
import { type Finding, findings, type Findings } from "#lib/domain/audit/finding";
import { drops, type LawfulDrop } from "#lib/domain/audit/dropped";
import { verifyChain } from "#lib/domain/audit/verify";
import { verifyCheckpoints } from "#lib/domain/audit/verify-checkpoints";
import {
  type Ask,
  auditedTenants,
  droppedMonths,
  hashesAt,
  headNow,
  lastCheckpointNo,
  looseEvents,
  ownCheckpoints,
  sameCheckpoints,
  sealedRows,
  wholeCheckpoints,
} from "#lib/queries/audit-proof";

export interface Verified {
  findings: Finding[];
  /** All that were found; the list is bounded. */
  count: number;
  events: number;
  /** Months that are lawfully gone, each with its tenant. */
  dropped: { tenantId: string; month: string; events: number }[];
  /** Last checkpoint that was looked at. */
  checkpoint: Pick<Checkpoint, "no" | "at"> | null;
  /** The same for the saved file. */
  saved?: Pick<Checkpoint, "no" | "at"> | null;
}

export interface VerifyLive {
  ask: Ask;
  /** One tenant only, with the inclusion of its head; null: all tenants. */
  tenantId: string | null;
  /** Empty: no signature can be checked, which is said as a finding. null: leave the checkpoints out. */
  keys: ReadonlyMap<string, KeyObject> | null;
  /** Lines of a saved file. */
  saved?: AsyncIterable<readonly unknown[]>;
  /** Epoch ms: silence since the last checkpoint counts until then. */
  now: number;
  progress?: (step: { what: "events" | "checkpoints"; done: number; of: number }) => void;
}

export async function verifyLive(input: VerifyLive): Promise<Verified> {
  const { ask, keys } = input;
  const found = findings();
  let events = 0;
  const gone: (LawfulDrop & { tenantId: string })[] = [];
  const tenants = input.tenantId === null ? (await auditedTenants(ask)).map((t) => t.id) : [input.tenantId];
  for (const tenantId of tenants) {
    const { head, last } = await headNow(ask, tenantId);
    const progress = (seq: number) => input.progress?.({ what: "events", done: seq, of: last });
    const lawful = drops(await droppedMonths(ask, tenantId));
    events += await verifyChain(
      {
        tenantId,
        rows: sealedRows(ask, tenantId, last),
        head,
        loose: looseIds(ask, tenantId),
        drops: lawful,
        progress,
      },
      found,
    );
    gone.push(...lawful.judge(`tenant ${tenantId}`, found).map((d) => ({ ...d, tenantId })));
  }
  const dropped = gone.map(({ tenantId, month, events: count }) => ({ tenantId, month, events: count }));
  if (keys === null) return { findings: found.list, count: found.count, events, dropped, checkpoint: null };
  if (keys.size === 0) {
    found.add(
      "unproven",
      "checkpoints",
      "The public key was not found here: name it with --public-key, or put it beside the key file.",
    );
    return { findings: found.list, count: found.count, events, dropped, checkpoint: null };
  }
  const newest = await lastCheckpointNo(ask);
  const progress = (no: number) => input.progress?.({ what: "checkpoints", done: no, of: newest });
  const shared = { keys, hashesAt: (claims: Parameters<typeof hashesAt>[1]) => hashesAt(ask, claims), progress };
  const checkpoints = input.tenantId === null ? wholeCheckpoints(ask) : ownCheckpoints(ask, input.tenantId);
  const checkpoint = await verifyCheckpoints({ ...shared, checkpoints, drops: gone, until: input.now }, found);
  if (checkpoint === null) found.add("unproven", "checkpoints", "There is none yet: the worker makes one each minute.");
  const result = { findings: found.list, count: 0, events, dropped, checkpoint };
  if (input.saved === undefined) return { ...result, count: found.count };
  const saved = await verifyCheckpoints(
    { ...shared, checkpoints: compared(ask, parsed(input.saved, found), found) },
    found,
  );
  if (saved === null) found.add("unproven", "saved file", "It holds no checkpoint.");
  return { ...result, count: found.count, saved };
}

async function* looseIds(ask: Ask, tenantId: string): AsyncGenerator<string[]> {
  for await (const events of looseEvents(ask, tenantId)) yield events.map((e) => e.id);
}

/** A line that is no checkpoint is said and left out; then its neighbours no longer follow one another. */
export async function* parsed(lines: AsyncIterable<readonly unknown[]>, found: Findings): AsyncGenerator<Checkpoint[]> {
  for await (const batch of lines) {
    yield batch.flatMap((value) => {
      const read = CheckpointSchema.safeParse(value);
      if (!read.success) found.add("file-altered", "saved file", "A line is no checkpoint.");
      return read.success ? [read.data] : [];
    });
  }
}

async function* compared(ask: Ask, saved: AsyncIterable<Checkpoint[]>, found: Findings): AsyncGenerator<Checkpoint[]> {
  for await (const batch of saved) {
    const same = await sameCheckpoints(ask, batch);
    batch.forEach((c, i) => {
      if (!same[i]) found.add("checkpoint-missing", `checkpoint ${c.no} of ${c.at}`);
    });
    yield batch;
  }
}
