// Verifies one tenant's log from a stream of its links with their events, in batches: what stays in memory is the last
// hash and the ids whose personal data is gone and not yet explained by a later erasure.
import type { Drops } from "./dropped.ts";
import type { Findings } from "./finding.ts";
import { type AuditEvent, contentHash, genesis, linkHash } from "./hash.ts";
import type { Head } from "./merkle.ts";

/** One link with the event it names. */
export interface SealedRow {
  seq: number;
  eventId: string;
  /** hex */
  contentHash: string;
  prev: string;
  hash: string;
  event: AuditEvent | null;
  /** When the event was written, as the link remembers it; tells which month a missing one belongs to. */
  eventAt?: string | undefined;
  /** Commitment of the personal data as it is stored now; null: none is stored; undefined: not looked at. */
  pii?: string | null | undefined;
}

export interface ChainInput {
  tenantId: string;
  /** The link before the first row, where the rows begin in the middle: an archived month does. */
  from?: { seq: number; hash: string } | undefined;
  /** Months that were lawfully dropped; whoever asks judges them afterwards. */
  drops?: Drops;
  /** In the order of seq, none twice. */
  rows: AsyncIterable<readonly SealedRow[]>;
  /** What the head says; null when the tenant has none; undefined when none is at hand (an export says it by its manifest). */
  head: Head | null | undefined;
  /** Ids of events that no link names. */
  loose: AsyncIterable<readonly string[]>;
  /** Called after each batch with the last seq seen. */
  progress?: (seq: number) => void;
}

/** The erasure's own event: its body lists the ids whose personal data was removed. */
export const ERASED = "gdpr.erased";

/** Adds to `found`. @returns how many links were read */
export async function verifyChain(input: ChainInput, found: Findings): Promise<number> {
  const at = (row: SealedRow) => `tenant ${input.tenantId}, link ${row.seq}, event ${row.eventId}`;
  const gone = new Map<string, string>();
  const { drops } = input;
  const begin = input.from?.seq ?? 0;
  let prev = input.from?.hash ?? genesis(input.tenantId);
  let seq = begin;
  let read = 0;
  for await (const batch of input.rows) {
    for (const row of batch) {
      if (row.seq !== seq + 1)
        found.add("chain-gap", at(row), `The link before it is ${seq === begin ? "the beginning" : seq}.`);
      else if (row.prev !== prev) found.add("link-altered", at(row));
      if (row.hash !== linkHash(row.prev, row.seq, row.contentHash)) found.add("link-altered", at(row));
      if (row.event !== null || !drops?.covers(row)) judgeEvent(row, at(row), gone, drops, found);
      prev = row.hash;
      seq = row.seq;
    }
    read += batch.length;
    input.progress?.(seq);
  }
  for (const where of gone.values()) found.add("pii-missing", where);
  judgeHead(input, { seq, hash: prev }, found);
  for await (const ids of input.loose)
    for (const id of ids) found.add("event-loose", `tenant ${input.tenantId}, event ${id}`);
  return read;
}

function judgeEvent(
  row: SealedRow,
  where: string,
  gone: Map<string, string>,
  drops: Drops | undefined,
  found: Findings,
): void {
  const { event } = row;
  if (event === null) {
    found.add("event-missing", where);
    return;
  }
  const intact = event.id === row.eventId && contentHash(event) === row.contentHash;
  if (!intact) found.add("event-altered", where);
  else if (event.action === ERASED) for (const id of erasedIds(event.body)) gone.delete(id);
  else drops?.declare(event);
  if (row.pii === undefined) return;
  if (event.piiCommit !== null && row.pii === null) gone.set(event.id, where);
  else if (event.piiCommit !== row.pii) found.add("pii-altered", where);
}

function judgeHead({ tenantId, head }: ChainInput, end: { seq: number; hash: string }, found: Findings): void {
  if (head === undefined) return;
  if (head === null ? end.seq !== 0 : head.seq !== end.seq || head.hash !== end.hash) {
    found.add(
      "head-mismatch",
      `tenant ${tenantId}`,
      `The head says ${head?.seq ?? "nothing"}, the chain ends at ${end.seq}.`,
    );
  }
}

/** @returns [] for a body that lists none: then what is gone stays unexplained */
export function erasedIds(body: string): string[] {
  try {
    const { events } = JSON.parse(body) as { events?: unknown };
    return Array.isArray(events) ? events.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
