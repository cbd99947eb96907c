// Claims due deliveries of one tenant with a lease and a fencing token, and decides first whether each is still
// wanted: what is not is withheld with its reason, never dropped.
import type { AddressPolicy } from "#lib/adapters/http";
import { monotonicMs } from "#lib/adapters/clock";
import { crashPoint } from "#lib/adapters/crash";
import { type Db, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { RETRY_HORIZON_MS, type SinkMemory } from "#lib/domain/delivery";
import { type IncidentState, stillWanted } from "#lib/domain/incident";
import type { Notice, NoticeContent, NoticeKind } from "#lib/domain/notice";
import { addressPolicy } from "#lib/queries/address-policy";

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
}

export interface Claim {
  /** What to send now; what somebody else claimed in between is simply not in it. */
  claimed: Claimed[];
  /** Those, and what was settled here because nobody wants it any more. */
  moved: number;
}

export async function claim(
  db: Db,
  tenantId: string,
  ids: readonly string[],
  holder: string,
  now: Date,
): Promise<Claim> {
  const leasedMs = monotonicMs();
  const until = new Date(now.getTime() + LEASE_MS);
  const work = db
    .withTenant({ tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
      const rows = await tx.$queryRaw<Row[]>`
      WITH due AS (
        SELECT id, state AS was FROM delivery
        WHERE id = ANY (${[...ids]}::uuid[]) AND ((state = 'pending' AND due_at <= ${now}) OR (state = 'leased' AND lease_until < ${now}))
        FOR UPDATE SKIP LOCKED),
      taken AS (
        UPDATE delivery d SET state = 'leased', lease_until = ${until}, leased_by = ${holder}, token = d.token + 1, tries = d.tries + 1,
          may_have_arrived = d.may_have_arrived OR due.was = 'leased'
        FROM due WHERE d.id = due.id RETURNING d.*, due.was)
      SELECT t.id, t.token, t.tries, CASE WHEN t.redriven_at IS NULL THEN t.tries ELSE 1 + (SELECT count(*)::int FROM delivery_try y
          WHERE y.tenant_id = t.tenant_id AND y.delivery_id = t.id AND y.at >= t.redriven_at) END AS round, t.kind, coalesce(t.redriven_at, t.created_at) AS created_at, t.may_have_arrived, t.was,
        t.notice_id, t.incident_id, i.state AS incident_state, s.id AS sink_id, s.kind AS sink_kind, s.name AS sink_name,
        s.state AS sink_state, s.proven_at IS NOT NULL AS sink_proven, s.disabled_reason, s.config, s.sealed, n.dedup_key, n.content,
        coalesce((SELECT jsonb_object_agg(e.key, e.value) FROM (
           SELECT kv.key, kv.value FROM delivery p, jsonb_each(p.memory) kv
           WHERE p.incident_id = t.incident_id AND p.sink_id = t.sink_id AND p.ordinal < t.ordinal ORDER BY p.ordinal) e), '{}') || t.memory AS memory,
        EXISTS (SELECT 1 FROM delivery p WHERE p.incident_id = t.incident_id AND p.sink_id = t.sink_id AND p.ordinal < t.ordinal
          AND p.kind = 'trigger' AND (p.state = 'sent' OR p.may_have_arrived OR p.memory <> '{}')) AS told
      FROM taken t JOIN notice n ON n.id = t.notice_id JOIN sink s ON s.id = t.sink_id LEFT JOIN incident i ON i.id = t.incident_id
      ORDER BY t.ordinal`;
      const policy = rows.length > 0 ? await addressPolicy(tx) : { allow: [] };
      const claimed: Claimed[] = [];
      for (const row of rows) {
        if (row.was === "leased") await noteLost(tx, tenantId, row, now);
        const refusal = refuse(row, now);
        if (refusal) {
          await put(tx, tenantId, row, refusal, now);
          continue;
        }
        claimed.push({
          tenantId,
          id: row.id,
          token: row.token,
          leasedMs,
          tries: row.tries,
          round: row.round,
          createdAt: row.created_at,
          mayHaveArrived: row.may_have_arrived,
          notice: {
            id: row.notice_id,
            tenantId,
            incidentId: row.incident_id,
            dedupKey: row.dedup_key,
            kind: row.kind,
            content: row.content,
          },
          sink: { id: row.sink_id, kind: row.sink_kind, name: row.sink_name, config: row.config, sealed: row.sealed },
          memory: row.memory,
          policy,
        });
      }
      return { claimed, moved: rows.length };
    })
    .then((result) => {
      crashPoint("after_claim");
      return result;
    });
  return unlessErased(work, { claimed: [], moved: 0 });
}

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
    tries = tries - 1, settled_at = ${now} WHERE id = ${row.id}::uuid AND token = ${row.token}`;
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

/** The process that had the lease is gone and never settled: that try is written down as lost. */
async function noteLost(tx: Tx, tenantId: string, row: Row, now: Date): Promise<void> {
  await tx.$executeRaw`INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, reason)
    VALUES (${tenantId}::uuid, ${row.id}::uuid, ${row.tries - 1}, ${now}, 0, 'lost',
      'The process that was sending stopped before an answer was recorded.') ON CONFLICT DO NOTHING`;
}
