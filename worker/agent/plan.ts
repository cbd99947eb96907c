// What an agent was last given to do, so that it can go on while it cannot hear its home: servers with a credential for
// as long as their lease opens it, the others for an hour. In memory only.
import type { AddressPolicy } from "#lib/adapters/http";
import type { Lease, OpenLease } from "#lib/adapters/secrets/lease";
import { dueWithin } from "#lib/domain/cadence";
import { type Batch, type Grant, grantedSchema } from "../agents/wire.ts";
import type { ProbeJob } from "../probe/job.ts";
import type { ProbeTarget } from "../probe/transcript.ts";

export interface Piece {
  grant: Grant;
  job: ProbeJob;
  policy: AddressPolicy;
  targets: ProbeTarget[];
  /** Servers whose credential could not be opened: not probed. */
  shut: string[];
}

interface Entry {
  grant: Grant;
  job: ProbeJob;
  policy: AddressPolicy;
  /** @returns null once the lease is over */
  target(): ProbeTarget | null;
  until: number;
  lastSlot: number;
}

export class Plan {
  readonly #entries = new Map<string, Entry>();
  readonly #leases = new Map<OpenLease, number>();

  get size(): number {
    return this.#entries.size;
  }

  /** @param accept opens a lease that was sealed to this agent; throws when it does not open */
  take(batch: Batch, accept: (lease: Lease) => OpenLease): Piece {
    const { job, until } = grantedSchema.parse(JSON.parse(batch.grant.text));
    const granted = new Set(job.servers.map((s) => s.id));
    const policy = batch.policy as AddressPolicy;
    const piece: Piece = { grant: batch.grant, job, policy, targets: [], shut: [] };
    const keep = (id: string, target: () => ProbeTarget | null, end: number) => {
      const now = target();
      if (now === null) piece.shut.push(id);
      else piece.targets.push(now);
      // A person's look from the console is no part of what is done by itself.
      if (!job.live) this.#entries.set(id, { grant: batch.grant, job, policy, target, until: end, lastSlot: job.slot });
    };
    for (const target of batch.open) if (granted.has(target.serverId)) keep(target.serverId, () => target, until);
    if (batch.lease !== null) this.#leased(batch.lease, job, accept, keep);
    return piece;
  }

  #leased(
    lease: Lease,
    job: ProbeJob,
    accept: (lease: Lease) => OpenLease,
    keep: (id: string, target: () => ProbeTarget | null, until: number) => void,
  ): void {
    let opened: OpenLease | null = null;
    let notAfter = 0;
    try {
      opened = accept(lease);
      notAfter = Number((JSON.parse(lease.token) as { notAfter?: unknown }).notAfter) || 0;
      this.#leases.set(opened, notAfter);
    } catch {} // Each of its servers says below that it could not be probed.
    for (const { id } of job.servers) {
      if (!Object.hasOwn(lease.sealed, id)) continue;
      keep(id, () => open(opened, job.tenantId, id), notAfter);
    }
  }

  /** What would have come from home for these moments. @param fromMs, toMs by home's clock */
  due(fromMs: number, toMs: number): Piece[] {
    const pieces = new Map<string, Piece>();
    for (const [id, entry] of this.#entries) {
      const slot = dueWithin(id, entry.job.intervalS, fromMs, toMs);
      if (slot === null || slot <= entry.lastSlot || toMs >= entry.until) continue;
      const target = entry.target();
      if (target === null) continue;
      entry.lastSlot = slot;
      const key = `${entry.grant.mac} ${slot}`;
      const piece = pieces.get(key) ?? {
        ...{ grant: entry.grant, policy: entry.policy, targets: [], shut: [] },
        job: { ...entry.job, slot },
      };
      // Looks that home counts and spaces out are made when it says so: again in each slot they would be far too many.
      const { extras: _extras, look: _look, ...plain } = target;
      piece.targets.push(plain);
      pieces.set(key, piece);
    }
    return [...pieces.values()];
  }

  /** Lets go of what is over: its key is overwritten. */
  forget(homeNow: number): void {
    for (const [id, entry] of this.#entries) if (homeNow >= entry.until) this.#entries.delete(id);
    for (const [lease, notAfter] of this.#leases)
      if (homeNow >= notAfter) {
        lease.close();
        this.#leases.delete(lease);
      }
  }

  /** Everything, at once: the agent was turned away or stops. */
  clear(): void {
    this.forget(Number.POSITIVE_INFINITY);
  }
}

function open(lease: OpenLease | null, tenantId: string, serverId: string): ProbeTarget | null {
  if (lease === null) return null;
  try {
    const bytes = lease.open(tenantId, serverId);
    const target = JSON.parse(bytes.toString("utf8")) as ProbeTarget;
    bytes.fill(0);
    return target;
  } catch {
    return null;
  }
}
