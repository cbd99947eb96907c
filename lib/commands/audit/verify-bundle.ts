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
import { type Findings, findings } from "#lib/domain/audit/finding";
import type { Head } from "#lib/domain/audit/merkle";
import { type SealedRow, verifyChain } from "#lib/domain/audit/verify";
import { verifyCheckpoints } from "#lib/domain/audit/verify-checkpoints";
import type { Verified } from "./verify-live.ts";

export interface Bundle {
  manifest: BundleManifest;
  keys: ReadonlyMap<string, KeyObject>;
  /** Files whose digest is not the manifest's. */
  altered?: readonly string[];
  /** A fresh reading from the beginning; a value that is no JSON comes as null. */
  lines(kind: BundleKind): AsyncIterable<readonly unknown[]>;
}

/** Events stand in the order of their links; this many may stand ahead of theirs. */
const WINDOW = 10_000;

export async function verifyBundle(bundle: Bundle): Promise<Verified> {
  const found = findings();
  for (const name of bundle.altered ?? []) found.add("file-altered", name);
  const { tenantId, head } = bundle.manifest;
  const events = new Events(read(bundle, "event", BundleEvent, found));
  const counted = await verifyChain({ tenantId, rows: rows(bundle, events, found), head, loose: events.rest() }, found);
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
    },
    found,
  );
  if (checkpoint === null) found.add("unproven", "checkpoints", "The export holds none: nothing in it is signed.");
  return { findings: found.list, count: found.count, events: counted, checkpoint };
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
      batch.push({ ...link, event, pii: event === null ? undefined : event.pii });
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
