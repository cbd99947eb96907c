// What was told and what was held back within some days: two questions, and the fold of lib/domain/noise.ts. Drills are
// no noise.
import type { Tx } from "#lib/adapters/db";
import { type Noise, noise, type Page } from "#lib/domain/noise";

const DAY_MS = 86_400_000;
const MOST = 20_000;

export interface Withheld {
  /** held:window, held:storm, silenced, log_only, nobody_to_tell, withheld, … */
  what: string;
  /** Incidents; of `withheld` notices. */
  count: number;
}

export interface NoiseReport extends Noise {
  withheld: Withheld[];
  /** More was told than is counted here. */
  cut: boolean;
}

interface Row {
  at: Date;
  sink_id: string;
  sink: string;
  via: string | null;
  incident_id: string;
  server_id: string | null;
  subject: string;
  reason: string;
  started_at: Date;
  acknowledged_at: Date | null;
  resolved_at: Date | null;
  by_hand: boolean;
}

/** @param zone IANA name: by whose clock nights are nights */
export async function noiseReport(tx: Tx, days: number, zone: string, now: Date): Promise<NoiseReport> {
  const from = new Date(now.getTime() - days * DAY_MS);
  const rows = await tx.$queryRaw<Row[]>`
    SELECT d.created_at AS at, d.sink_id, s.name AS sink, v.via, i.id AS incident_id, i.server_id, i.subject_name AS subject, i.reason,
      i.started_at, i.acknowledged_at, i.resolved_at, i.resolved_by IS NOT NULL AS by_hand
    FROM incident i JOIN delivery d ON d.tenant_id = i.tenant_id AND d.incident_id = i.id AND d.kind = 'trigger' AND d.state <> 'withheld'
    JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    LEFT JOIN LATERAL (SELECT a->>'via' AS via FROM incident_event e, jsonb_array_elements(CASE WHEN jsonb_typeof(e.data->'answers') = 'array' THEN e.data->'answers' ELSE '[]' END) a
      WHERE e.tenant_id = i.tenant_id AND e.incident_id = i.id AND e.decision = 'step_taken'
        AND a->>'sinkId' = d.sink_id::text AND a->>'via' IS NOT NULL ORDER BY e.seq LIMIT 1) v ON true
    WHERE i.tenant_id = app.tenant() AND i.opened_at >= ${from} AND NOT i.drill ORDER BY d.created_at DESC LIMIT ${MOST + 1}`;
  const withheld = await tx.$queryRaw<Withheld[]>`
    SELECT CASE WHEN e.decision = 'held' THEN 'held:' || coalesce(e.data->>'kind', '') ELSE e.decision END AS what,
      (CASE WHEN e.decision = 'withheld' THEN count(*) ELSE count(DISTINCT e.incident_id) END)::int AS count
    FROM incident_event e JOIN incident i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id AND i.opened_at >= ${from} AND NOT i.drill
    WHERE e.tenant_id = app.tenant() AND e.decision IN ('held', 'silenced', 'joined', 'log_only', 'nobody_to_tell', 'withheld')
      AND (e.decision <> 'withheld' OR e.data->>'kind' = 'trigger')
    GROUP BY 1, e.decision ORDER BY 2 DESC, 1`;
  const pages = rows.slice(0, MOST).map((r): Page => {
    return {
      ...{ at: r.at.getTime(), sinkId: r.sink_id, sink: r.sink, incidentId: r.incident_id, serverId: r.server_id },
      // "Ana, on call in Nights" is Ana.
      person: r.via?.split(", on call in ")[0] ?? null,
      ...{ subject: r.subject, reason: r.reason, startedAt: r.started_at.getTime(), byHand: r.by_hand },
      acknowledgedAt: r.acknowledged_at?.getTime() ?? null,
      resolvedAt: r.resolved_at?.getTime() ?? null,
    };
  });
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone: zone });
  return { ...noise(pages, (at) => Number(clock.format(at))), withheld, cut: rows.length > MOST };
}
