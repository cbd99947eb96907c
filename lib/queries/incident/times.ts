// When each part of an incident was reached, from the rows that said so at the time.
import type { Tx } from "#lib/adapters/db";
import { type Moments, type PartSum, sumParts } from "#lib/domain/times";

interface Row {
  id: string;
  first_bad: Date;
  opened: Date;
  told: Date | null;
  acknowledged: Date | null;
  recovered: Date | null;
  resolved: Date | null;
}

const MOST = 2_000;
const AT = `SELECT i.id, i.started_at AS first_bad, i.opened_at AS opened, i.acknowledged_at AS acknowledged, i.resolved_at AS resolved,
  (SELECT min(t.at + t.duration_ms * interval '1 millisecond') FROM delivery d
     JOIN delivery_try t ON t.tenant_id = d.tenant_id AND t.delivery_id = d.id AND t.outcome = 'sent'
     WHERE d.tenant_id = i.tenant_id AND d.incident_id = i.id AND d.kind = 'trigger') AS told,
  (SELECT min(m.slot) FROM probe_minute m WHERE m.tenant_id = i.tenant_id AND m.server_id = i.server_id AND m.slot > i.last_bad_slot
     AND m.slot <= i.resolved_at AND m.status = 'up') AS recovered
  FROM incident i`;

export async function momentsOf(tx: Tx, incidentId: string): Promise<Moments | null> {
  const rows = await tx.$queryRawUnsafe<Row[]>(
    `${AT} WHERE i.tenant_id = app.tenant() AND i.id = $1::uuid`,
    incidentId,
  );
  return rows[0] === undefined ? null : moments(rows[0]);
}

/** Incidents that were resolved since then, drills left out. */
export async function timesSince(tx: Tx, since: Date): Promise<{ incidents: number; sums: PartSum[] }> {
  const rows = await tx.$queryRawUnsafe<Row[]>(
    `${AT} WHERE i.tenant_id = app.tenant() AND i.state = 'resolved' AND i.resolved_at >= $1 AND NOT i.drill
     ORDER BY i.resolved_at DESC LIMIT ${MOST}`,
    since,
  );
  return { incidents: rows.length, sums: sumParts(rows.map(moments)) };
}

function moments(row: Row): Moments {
  const ms = (at: Date | null) => at?.getTime() ?? null;
  return {
    ...{ firstBad: row.first_bad.getTime(), opened: row.opened.getTime(), told: ms(row.told) },
    ...{ acknowledged: ms(row.acknowledged), recovered: ms(row.recovered), resolved: ms(row.resolved) },
  };
}
