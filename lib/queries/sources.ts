// Which other monitors send alerts here, what they sent, and what was refused of it.
import type { Tx } from "#lib/adapters/db";
import { asSeverity } from "./words.ts";

export interface SourceRow {
  id: string;
  name: string;
  kind: "alertmanager" | "generic";
  defaultSeverity: "P1" | "P2" | "P3" | "P4";
  perMinute: number;
  resolveAfterS: number;
  revokedAt: number | null;
  lastSeenAt: number | null;
  accepted: number;
  refused: number;
  firing: number;
  waiting: number;
}

/** Those that hold first, then by name; those taken back while anything is kept of them. */
export async function sources(tx: Tx): Promise<SourceRow[]> {
  const rows = await tx.$queryRaw<
    {
      id: string;
      name: string;
      kind: string;
      default_severity: string;
      per_minute: number;
      resolve_after_s: number;
      revoked_at: Date | null;
      last_seen_at: Date | null;
      accepted: bigint;
      refused: bigint;
      firing: bigint;
      waiting: bigint;
    }[]
  >`SELECT s.id, s.name, s.kind, s.default_severity, s.per_minute, s.resolve_after_s, s.revoked_at, s.last_seen_at, s.accepted, s.refused,
      count(*) FILTER (WHERE a.status = 'firing') AS firing, count(*) FILTER (WHERE a.waiting_since IS NOT NULL) AS waiting
    FROM inbound_source s LEFT JOIN inbound_alert a ON a.tenant_id = s.tenant_id AND a.source_id = s.id
    WHERE s.tenant_id = app.tenant() GROUP BY s.tenant_id, s.id ORDER BY (s.revoked_at IS NOT NULL), s.name, s.id LIMIT 200`;
  return rows.map((r) => ({
    id: r.id,
    name: r.name,
    kind: r.kind === "generic" ? "generic" : "alertmanager",
    defaultSeverity: asSeverity(r.default_severity),
    perMinute: r.per_minute,
    resolveAfterS: r.resolve_after_s,
    revokedAt: r.revoked_at?.getTime() ?? null,
    lastSeenAt: r.last_seen_at?.getTime() ?? null,
    accepted: Number(r.accepted),
    refused: Number(r.refused),
    firing: Number(r.firing),
    waiting: Number(r.waiting),
  }));
}

export interface AlertRow {
  key: string;
  source: string;
  title: string;
  status: "firing" | "resolved";
  severity: "P1" | "P2" | "P3" | "P4";
  link: string;
  startsAt: number;
  receivedAt: number;
  outcome: string;
  incidentId: string | null;
}

/** What fires first, then the newest. */
export async function inboundAlerts(tx: Tx, take: number): Promise<AlertRow[]> {
  const rows = await tx.inboundAlert.findMany({ orderBy: [{ status: "asc" }, { receivedAt: "desc" }], take });
  const names = new Map(
    (await tx.inboundSource.findMany({ select: { id: true, name: true } })).map((s) => [s.id, s.name]),
  );
  return rows.map((a) => ({
    key: `${a.sourceId}:${a.fingerprint}`,
    source: names.get(a.sourceId) ?? "",
    title: a.title,
    status: a.status === "firing" ? "firing" : "resolved",
    severity: asSeverity(a.severity),
    link: a.link,
    startsAt: a.startsAt.getTime(),
    receivedAt: a.receivedAt.getTime(),
    outcome: a.outcome,
    incidentId: a.incidentId,
  }));
}

export interface CallRow {
  id: string;
  at: number;
  from: string;
  outcome: string;
  reason: string;
}

/** What came and led to nothing: refused, or about no incident of ours. Newest first. */
export async function fruitlessCalls(tx: Tx, take: number): Promise<CallRow[]> {
  const rows = await tx.$queryRaw<
    { id: string; at: Date; name: string | null; road: string; outcome: string; reason: string }[]
  >`
    SELECT c.id, c.at, coalesce(s.name, k.name) AS name, c.road, c.outcome, c.reason FROM inbound_call c
    LEFT JOIN inbound_source s ON s.tenant_id = c.tenant_id AND s.id = c.source_id
    LEFT JOIN sink k ON k.tenant_id = c.tenant_id AND k.id = c.sink_id
    WHERE c.tenant_id = app.tenant() AND c.outcome IN ('refused', 'unknown') ORDER BY c.at DESC LIMIT ${take}`;
  return rows.map((r) => ({
    id: r.id,
    at: r.at.getTime(),
    from: r.name ?? r.road,
    outcome: r.outcome,
    reason: r.reason,
  }));
}
