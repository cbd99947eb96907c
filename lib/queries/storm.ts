// A storm and its members, from either side.
import type { Tx } from "#lib/adapters/db";
import { asSeverity, reasonLabel } from "./words.ts";

const SHOWN = 200;

export interface StormMemberRow {
  id: string;
  number: number;
  subject: string;
  reason: string;
  severity: ReturnType<typeof asSeverity>;
  state: "open" | "acknowledged" | "resolved";
  /** Epoch ms. */
  openedAt: number;
  /** Somebody was told of it by itself, before the storm or after it. */
  told: boolean;
}

export interface StormOf {
  /** How many there are; at most 200 are in the list, what fails first. */
  total: number;
  members: StormMemberRow[];
  /** The storms that the incident itself belongs to, the newest first. */
  storms: { id: string; number: number; subject: string; state: "open" | "acknowledged" | "resolved" }[];
}

/** @returns empty lists for an incident that is no storm and in none */
export async function stormOf(tx: Tx, incidentId: string): Promise<StormOf> {
  const members = await tx.$queryRaw<
    (Omit<StormMemberRow, "openedAt" | "reason" | "severity"> & {
      reason: string;
      severity: string;
      opened_at: Date;
      n: number;
    })[]
  >`SELECT i.id::text, i.number, i.subject_name AS subject, i.reason, i.severity, i.state, i.opened_at, count(*) OVER ()::int AS n,
      EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = i.tenant_id AND d.incident_id = i.id AND d.kind = 'trigger') AS told
    FROM storm_member m JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.incident_id
    WHERE m.tenant_id = app.tenant() AND m.storm_id = ${incidentId}::uuid ORDER BY (i.state = 'resolved'), i.number LIMIT ${SHOWN}`;
  const storms = await tx.$queryRaw<StormOf["storms"]>`SELECT i.id::text, i.number, i.subject_name AS subject, i.state
    FROM storm_member m JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.storm_id
    WHERE m.tenant_id = app.tenant() AND m.incident_id = ${incidentId}::uuid ORDER BY i.number DESC LIMIT 5`;
  return {
    total: members[0]?.n ?? 0,
    members: members.map(({ opened_at, n: _, reason, severity, ...rest }) => ({
      ...rest,
      reason: reasonLabel(reason) ?? reason,
      severity: asSeverity(severity),
      openedAt: opened_at.getTime(),
    })),
    storms,
  };
}
