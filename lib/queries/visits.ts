// Who of the staff looked into this tenant, when, why and what came of it: in words that its customers may read.
import type { Tx } from "#lib/adapters/db";
import { endWords, unwrittenEnd, visitState } from "#lib/domain/grant";

export interface Visit {
  id: string;
  /** Display name: all that a customer learns of who it was. */
  who: string;
  as: string;
  mode: "ro" | "rw";
  reason: string;
  startedAt: number;
  /** null while it runs. */
  endedAt: number | null;
  /** When it ends by itself. */
  until: number;
  how: string;
  /** Pages that were opened. */
  looked: number;
  /** Changes that were made. */
  changed: number;
}

/** The newest first; what was asked for and never began is not a visit. */
export async function visits(tx: Tx, take = 100): Promise<Visit[]> {
  const rows = await tx.$queryRaw<Row[]>`
    SELECT g.id, g.actor_name, g.target_name, g.mode, g.reason, g.asked_at, g.approved_at, g.started_at, g.not_after,
      g.ended_at, g.ended_reason, clock_timestamp() AS at,
      (SELECT count(*) FROM audit.event e WHERE e.tenant_id = g.tenant_id AND e.grant_id = g.id
        AND e.action = 'impersonation.request' AND e.body::jsonb ->> 'method' = 'GET')::int AS looked,
      (SELECT count(*) FROM audit.event e WHERE e.tenant_id = g.tenant_id AND e.grant_id = g.id
        AND e.action NOT LIKE 'impersonation.%' AND e.action <> 'access.refused')::int AS changed
    FROM impersonation_grant g WHERE g.tenant_id = (SELECT app.tenant()) AND g.started_at IS NOT NULL
    ORDER BY g.started_at DESC LIMIT ${take}`;
  return rows.map(shown);
}

interface Row {
  id: string;
  actor_name: string;
  target_name: string;
  mode: "ro" | "rw";
  reason: string;
  asked_at: Date;
  approved_at: Date | null;
  started_at: Date;
  not_after: Date;
  ended_at: Date | null;
  ended_reason: string | null;
  at: Date;
  looked: number;
  changed: number;
}

function shown(row: Row): Visit {
  const as = {
    mode: row.mode,
    askedAt: row.asked_at,
    approvedAt: row.approved_at,
    startedAt: row.started_at,
    notAfter: row.not_after,
    endedAt: row.ended_at,
  };
  const runs = visitState(as, row.at) === "runs";
  return {
    id: row.id,
    who: row.actor_name,
    as: row.target_name,
    mode: row.mode,
    reason: row.reason,
    startedAt: row.started_at.getTime(),
    endedAt: runs ? null : Math.min((row.ended_at ?? row.not_after).getTime(), row.not_after.getTime()),
    until: row.not_after.getTime(),
    how: runs ? "" : endWords(row.ended_reason ?? unwrittenEnd(as)),
    looked: row.looked,
    changed: row.changed,
  };
}
