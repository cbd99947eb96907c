// Verifies an export with nothing but its lines and a public key. Three streams run side by side; what is held is one
// batch of each and a bounded window of events whose link has not come yet.
import type { KeyObject } from "node:crypto";
import type { z } from "zod";
import {
  BundleCheckpoint,
  BundleEvent,
  type BundleKind,
  BundleLink,
  type BundleManifest,
} from "#lib/domain/audit/bundle";
import type { Checkpoint } from "#lib/domain/audit/checkpoint";
import { drops, onlyMonth } from "#lib/domain/audit/dropped";
import { type Findings, findings } from "#lib/domain/audit/finding";
import type { Head } from "#lib/domain/audit/merkle";
import { type SealedRow, verifyChain } from "#lib/domain/audit/verify";
import { verifyCheckpoints } from "#lib/domain/audit/verify-checkpoints";
import { parsed, type Verified } from "./verify-live.ts";

export interface Bundle {
  manifest: BundleManifest;
  keys: ReadonlyMap<string, KeyObject>;
  /** Files whose digest is not the manifest's. */
  altered?: readonly string[];
  /** A fresh reading from the beginning; a value that is no JSON comes as null. */
  lines(kind: BundleKind): AsyncIterable<readonly unknown[]>;
  /** Lines of a file of checkpoints that was saved before, by another hand than the export's. */
  saved?: AsyncIterable<readonly unknown[]>;
}

/** Events stand in the order of their links; this many may stand ahead of theirs. */
const WINDOW = 10_000;

export async function verifyBundle(bundle: Bundle): Promise<Verified> {
  const found = findings();
  for (const name of bundle.altered ?? []) found.add("file-altered", name);
  const { tenantId, head, from, month } = bundle.manifest;
  const lawful = month === undefined ? drops(bundle.manifest.dropped ?? []) : onlyMonth(month);
  const events = new Events(read(bundle, "event", BundleEvent, found));
  const counted = await verifyChain(
    { tenantId, rows: rows(bundle, events, found), from, head, loose: events.rest(), drops: lawful },
    found,
  );
  const gone = lawful.judge(`tenant ${tenantId}`, found).map((d) => ({ ...d, tenantId }));
  const dropped = gone.map(({ month, events: count }) => ({ tenantId, month, events: count }));
  const cursor = new Cursor(read(bundle, "link", BundleLink, findings()));
  const checkpoint = await verifyCheckpoints(
    {
      checkpoints: read(bundle, "checkpoint", BundleCheckpoint, found),
      keys: bundle.keys,
      hashesAt: async (claims) => {
        const hashes: (string | null)[] = [];
        for (const claim of claims) hashes.push(claim.tenantId === tenantId ? await cursor.hashAt(claim) : null);
        return hashes;
      },
      drops: gone,
    },
    found,
  );
  if (checkpoint === null) found.add("unproven", "checkpoints", "The export holds none: nothing in it is signed.");
  const result = { findings: found.list, count: 0, events: counted, dropped, checkpoint };
  if (bundle.saved === undefined) return { ...result, count: found.count };
  const saved = await againstSaved(bundle, bundle.saved, found);
  return { ...result, count: found.count, saved };
}

/** What the chain is now against what was signed then: finds a history that was written anew, checkpoints and all. */
async function againstSaved(
  bundle: Bundle,
  lines: AsyncIterable<readonly unknown[]>,
  found: Findings,
): Promise<Checkpoint | null> {
  const { tenantId, exportedAt, from } = bundle.manifest;
  const cursor = new Cursor(read(bundle, "link", BundleLink, findings()));
  const younger = { said: false };
  const last = await verifyCheckpoints(
    {
      checkpoints: upTo(parsed(lines, found), exportedAt, younger),
      keys: bundle.keys,
      hashesAt: async (claims) => {
        const hashes: (string | null)[] = [];
        // Of other tenants, and of links before an archive's first, this export says nothing.
        for (const claim of claims)
          hashes.push(
            claim.tenantId !== tenantId || claim.seq <= (from?.seq ?? 0) ? claim.hash : await cursor.hashAt(claim),
          );
        return hashes;
      },
    },
    found,
  );
  if (younger.said)
    found.add(
      "unproven",
      "saved file",
      "It goes on after the export was made: compare a younger export, or a file of before it.",
    );
  if (last === null) found.add("unproven", "saved file", "It holds no checkpoint of before the export.");
  return last;
}

async function* upTo(
  batches: AsyncIterable<readonly Checkpoint[]>,
  at: string,
  younger: { said: boolean },
): AsyncGenerator<Checkpoint[]> {
  for await (const batch of batches) {
    const before = batch.filter((c) => Date.parse(c.at) <= Date.parse(at));
    yield before;
    if (before.length < batch.length) {
      younger.said = true;
      return;
    }
  }
}

async function* read<T>(bundle: Bundle, kind: BundleKind, schema: z.ZodType<T>, found: Findings): AsyncGenerator<T[]> {
  for await (const batch of bundle.lines(kind)) {
    yield batch.flatMap((value) => {
      const parsed = schema.safeParse(value);
      if (!parsed.success) found.add("file-altered", `${kind}s`, "A line cannot be read.");
      return parsed.success ? [parsed.data] : [];
    });
  }
}

async function* rows(bundle: Bundle, events: Events, found: Findings): AsyncGenerator<SealedRow[]> {
  for await (const links of read(bundle, "link", BundleLink, found)) {
    const batch: SealedRow[] = [];
    for (const link of links) {
      const event = await events.take(link.eventId);
      // An archive does not hold the later erasures that would explain what is gone.
      const pii = event === null || bundle.manifest.month !== undefined ? undefined : event.pii;
      batch.push({ ...link, event, pii });
    }
    yield batch;
  }
}

class Events {
  readonly #stream: AsyncIterator<BundleEvent[]>;
  readonly #ahead = new Map<string, BundleEvent>();
  #batch: BundleEvent[] = [];
  #next = 0;
  constructor(stream: AsyncIterable<BundleEvent[]>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  async take(id: string): Promise<BundleEvent | null> {
    const waiting = this.#ahead.get(id);
    if (waiting !== undefined) {
      this.#ahead.delete(id);
      return waiting;
    }
    while (this.#ahead.size < WINDOW) {
      const event = await this.#pull();
      if (event === null) return null;
      if (event.id === id) return event;
      this.#ahead.set(event.id, event);
    }
    return null;
  }

  /** Those that no link asked for. */
  async *rest(): AsyncGenerator<string[]> {
    yield [...this.#ahead.keys()];
    for (let event = await this.#pull(); event !== null; event = await this.#pull()) yield [event.id];
  }

  async #pull(): Promise<BundleEvent | null> {
    while (this.#next >= this.#batch.length) {
      const step = await this.#stream.next();
      if (step.done) return null;
      this.#batch = step.value;
      this.#next = 0;
    }
    return this.#batch[this.#next++] ?? null;
  }
}

/** Checkpoints only ever go forward, so one reading of the chain answers all of them. */
class Cursor {
  readonly #stream: AsyncIterator<BundleLink[]>;
  #batch: BundleLink[] = [];
  #next = 0;
  constructor(stream: AsyncIterable<BundleLink[]>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  async hashAt({ seq }: Head): Promise<string | null> {
    for (;;) {
      const link = this.#batch[this.#next];
      if (link !== undefined && link.seq >= seq) return link.seq === seq ? link.hash : null;
      if (link !== undefined) this.#next += 1;
      else {
        const step = await this.#stream.next();
        if (step.done) return null;
        this.#batch = step.value;
        this.#next = 0;
      }
    }
  }
}
