// Claims due deliveries with a lease and a fencing token, and decides first whether each is still wanted: what is not is
// withheld with its reason, never dropped.
import type { AddressPolicy } from "#lib/adapters/http";
import { monotonicMs } from "#lib/adapters/clock";
import { crashPoint } from "#lib/adapters/crash";
import { type Db, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { RETRY_HORIZON_MS, type SinkMemory } from "#lib/domain/delivery";
import { type IncidentState, stillWanted } from "#lib/domain/incident";
import type { Notice, NoticeContent, NoticeKind } from "#lib/domain/notice";
import { policyOf } from "#lib/queries/address-policy";

export const LEASE_MS = 30_000;

export interface Due {
  tenantId: string;
  id: string;
  sinkId: string;
}

export interface Claimed {
  tenantId: string;
  id: string;
  token: bigint;
  /** Monotonic ms, before the lease began: how much of it is left is counted from here. */
  leasedMs: number;
  tries: number;
  /** Tries since it was written or last sent again by hand, this one included: what the pauses grow with. */
  round: number;
  createdAt: Date;
  mayHaveArrived: boolean;
  notice: Notice;
  sink: { id: string; kind: string; name: string; config: Record<string, unknown>; sealed: Uint8Array | null };
  memory: SinkMemory;
  policy: AddressPolicy;
}

interface Row {
  tenant_id: string;
  id: string;
  token: bigint;
  tries: number;
  round: number;
  kind: NoticeKind;
  created_at: Date;
  may_have_arrived: boolean;
  was: string;
  notice_id: string;
  incident_id: string | null;
  incident_state: IncidentState | null;
  sink_id: string;
  sink_kind: string;
  sink_name: string;
  sink_state: string;
  sink_proven: boolean;
  disabled_reason: string | null;
  config: Record<string, unknown>;
  sealed: Uint8Array | null;
  dedup_key: string;
  content: NoticeContent;
  memory: SinkMemory;
  told: boolean;
  allowed: AddressPolicy["allow"];
}

export interface Claim {
  /** What to send now; what somebody else claimed in between is simply not in it. */
  claimed: Claimed[];
  /** Those, and what was settled here because nobody wants it any more. */
  moved: number;
  /** Why some of the latter could not be written down: their lease runs out, and then they are looked at again. */
  faults: unknown[];
}

/** Of any number of tenants, in one round trip. What of a tenant that is being erased is passed over. */
export async function claim(db: Db, wanted: readonly Due[], holder: string, now: Date): Promise<Claim> {
  const leasedMs = monotonicMs();
  const rows = await db.call<Row>("SELECT * FROM app.claim_deliveries($1::uuid[], $2::uuid[], $3, $4, $5, $6::uuid)", [
    wanted.map((d) => d.tenantId),
    wanted.map((d) => d.id),
    holder,
    now,
    new Date(now.getTime() + LEASE_MS),
    WORKER_ACTOR,
  ]);
  crashPoint("after_claim");
  const refused: [Row, Refusal][] = [];
  const claimed: Claimed[] = [];
  for (const row of rows) {
    const refusal = refuse(row, now);
    if (refusal !== null) refused.push([row, refusal]);
    else claimed.push(claimedOf(row, leasedMs));
  }
  const faults: unknown[] = [];
  for (const tenantId of new Set(refused.map(([row]) => row.tenant_id))) {
    const theirs = refused.filter(([row]) => row.tenant_id === tenantId);
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
      for (const [row, refusal] of theirs) await put(tx, tenantId, row, refusal, now);
    });
    // Thrown, it would leave what was claimed beside them unsent until its lease runs out.
    await unlessErased(work, undefined).catch((fault) => faults.push(fault));
  }
  return { claimed, moved: rows.length, faults };
}

const claimedOf = (row: Row, leasedMs: number): Claimed => ({
  tenantId: row.tenant_id,
  id: row.id,
  token: row.token,
  leasedMs,
  tries: row.tries,
  round: row.round,
  createdAt: row.created_at,
  mayHaveArrived: row.may_have_arrived,
  notice: {
    id: row.notice_id,
    tenantId: row.tenant_id,
    incidentId: row.incident_id,
    dedupKey: row.dedup_key,
    kind: row.kind,
    content: row.content,
  },
  sink: { id: row.sink_id, kind: row.sink_kind, name: row.sink_name, config: row.config, sealed: row.sealed },
  memory: row.memory,
  policy: policyOf(row.allowed),
});

interface Refusal {
  state: "withheld" | "dead";
  reason: string;
}

/** Far more than a vendor's or a network's trouble explains: each time the process that was sending ended. */
const LOST_TRIES = 20;

function refuse(row: Row, now: Date): Refusal | null {
  // A sink whose proof has lapsed is disabled, and its challenge is the way back.
  if (row.sink_state === "disabled" && row.kind !== "challenge") {
    return { state: "dead", reason: `The sink is disabled: ${row.disabled_reason ?? "by hand"}` };
  }
  if (!row.sink_proven && row.kind !== "challenge")
    return { state: "dead", reason: "Nobody has proven that this sink is yours: prove it, then send this again." };
  if (row.was === "leased" && row.tries > LOST_TRIES && now.getTime() - row.created_at.getTime() > RETRY_HORIZON_MS) {
    return { state: "dead", reason: "The process that was sending stopped each time before an answer was recorded." };
  }
  if (row.incident_id === null || row.incident_state === null) return null;
  // A trigger that may have arrived is not said again after the end either: what follows closes it, by its key.
  const wanted = stillWanted(row.kind, row.incident_state);
  if (!wanted.send) return { state: "withheld", reason: wanted.reason };
  if (row.kind !== "trigger" && !row.told)
    return {
      state: "withheld",
      reason: "This sink was never told of the incident, so there is nothing to change there.",
    };
  return null;
}

async function put(tx: Tx, tenantId: string, row: Row, refusal: Refusal, now: Date): Promise<void> {
  await tx.$executeRaw`UPDATE delivery SET state = ${refusal.state}, reason = ${refusal.reason}, lease_until = NULL, leased_by = NULL,
    tries = tries - 1, settled_at = ${now} WHERE tenant_id = app.tenant() AND id = ${row.id}::uuid AND token = ${row.token}`;
  if (row.incident_id) {
    await tx.incidentEvent.create({
      data: {
        tenantId,
        incidentId: row.incident_id,
        at: now,
        stage: "deliver",
        decision: refusal.state,
        sentence: `${row.sink_name}: ${refusal.reason}`,
        data: { deliveryId: row.id, sinkId: row.sink_id, kind: row.kind },
      },
    });
  }
  await liveHint(tx, { tenant: tenantId, what: "delivery", id: row.id });
}
