// The outbox: rows of `delivery` that are due. NOTIFY wakes it, a poll every 5 s makes sure. Sinks fail apart: each
// has its own few places, so that a dead one never delays another.
import { crashPoint } from "#lib/adapters/crash";
import { now as clockNow } from "#lib/adapters/clock";
import type { Db, Sweeper } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { claim, type Due } from "./claim.ts";
import { type Dispatch, dispatch } from "./dispatch.ts";

export const POLL_MS = 5_000;
const PLACES_PER_SINK = 4;
const PLACES = 64;

interface DueRow {
  tenant_id: string;
  id: string;
  sink_id: string;
}

/** Due now, oldest first; a delivery waits while an earlier one of its incident and sink is unsettled. */
async function findDue(sweeper: Sweeper, now: Date, busySinks: string[], limit: number): Promise<Due[]> {
  const rows = await sweeper.find<DueRow>(
    `SELECT d.tenant_id, d.id, d.sink_id FROM delivery d
     WHERE ((d.state = 'pending' AND d.due_at <= $1) OR (d.state = 'leased' AND d.lease_until < $1))
       AND NOT (d.sink_id = ANY ($2::uuid[]))
       AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.tenant_id = d.tenant_id AND e.incident_id = d.incident_id
         AND e.sink_id = d.sink_id AND e.ordinal < d.ordinal AND e.state IN ('pending', 'leased'))
     ORDER BY d.due_at, d.ordinal LIMIT $3`,
    [now, busySinks, limit],
  );
  return rows.map((r) => ({ tenantId: r.tenant_id, id: r.id, sinkId: r.sink_id }));
}

export class Outbox {
  readonly #inFlight = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #d: Dispatch;
  readonly #sweeper: Sweeper;
  readonly #holder: string;
  readonly #log: Log;
  #wake: (() => void) | undefined;
  #woken = false;
  #closed = false;

  constructor(d: Dispatch, sweeper: Sweeper, holder: string, log: Log) {
    this.#d = d;
    this.#sweeper = sweeper;
    this.#holder = holder;
    this.#log = log;
  }

  /** Something may be due: look now instead of at the next poll. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Claims and starts what is due and has a place. @returns how many were started */
  async pass(): Promise<number> {
    const free = PLACES - this.#running.size;
    if (free <= 0 || this.#closed) return 0;
    const busy = [...this.#inFlight].filter(([, n]) => n >= PLACES_PER_SINK).map(([id]) => id);
    const due = await findDue(this.#sweeper, clockNow(), busy, free * 2);
    const byTenant = new Map<string, string[]>();
    const taking = new Map<string, number>();
    let taken = 0;
    for (const d of due) {
      const n = (this.#inFlight.get(d.sinkId) ?? 0) + (taking.get(d.sinkId) ?? 0);
      if (n >= PLACES_PER_SINK || taken >= free) continue;
      taking.set(d.sinkId, (taking.get(d.sinkId) ?? 0) + 1);
      byTenant.set(d.tenantId, [...(byTenant.get(d.tenantId) ?? []), d.id]);
      taken++;
    }
    let started = 0;
    for (const [tenantId, ids] of byTenant) {
      crashPoint("before_claim");
      for (const claimed of await claim(this.#d.db, tenantId, ids, this.#holder, clockNow())) {
        this.#start(claimed);
        started++;
      }
    }
    return started;
  }

  #start(claimed: Parameters<typeof dispatch>[1]): void {
    const sinkId = claimed.sink.id;
    this.#inFlight.set(sinkId, (this.#inFlight.get(sinkId) ?? 0) + 1);
    const run = dispatch(this.#d, claimed)
      .catch((err) => {
        // Not settled: the lease runs out and another try follows, so nothing is lost by logging it only.
        this.#log.error({ err, delivery: claimed.id, incident: claimed.notice.incidentId }, "a delivery could not be settled");
      })
      .finally(() => {
        const left = (this.#inFlight.get(sinkId) ?? 1) - 1;
        if (left <= 0) this.#inFlight.delete(sinkId);
        else this.#inFlight.set(sinkId, left);
        this.#running.delete(run);
        this.wake();
      });
    this.#running.add(run);
  }

  /** Runs passes until nothing is due and nothing is under way: for tests and for draining. */
  async settleAll(): Promise<void> {
    for (;;) {
      const started = await this.pass();
      if (started === 0 && this.#running.size === 0) return;
      await Promise.all(this.#running);
    }
  }

  /** Until the signal: pass, then sleep until woken or the poll. @param beat called after every good pass */
  async run(signal: AbortSignal, beat: () => void): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      this.#woken = false;
      try {
        const started = await this.pass();
        beat();
        if (started > 0) continue;
      } catch (err) {
        this.#log.warn({ err }, "the outbox could not look for due deliveries");
      }
      await new Promise<void>((resolve) => {
        if (this.#woken || signal.aborted) return resolve();
        const timer = setTimeout(resolve, POLL_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }
}
