// Why a server that does not look well has no incident: the decision is on its own row until one opens.
import type { Tx } from "#lib/adapters/db";
import { fingerprint, modeOf } from "#lib/domain/fingerprint";
import { REASONS, type Reason, type Status } from "#lib/domain/reason";
import { toFire } from "#lib/domain/streak";

interface Row {
  status: Status;
  reason: Reason | null;
  bad: number;
  good: number;
  flips: bigint[];
  fire_after: number;
  live: string[];
}

/** @returns one sentence, or null when it is well, was never looked at, or has an incident that says more */
export async function whyNoIncident(tx: Tx, serverId: string): Promise<string | null> {
  const rows = await tx.$queryRaw<
    Row[]
  >`SELECT n.status, n.reason, n.bad_streak AS bad, n.good_streak AS good, n.flips, s.fire_after,
    ARRAY(SELECT i.fingerprint FROM incident i WHERE i.tenant_id = n.tenant_id AND i.server_id = n.server_id AND i.state <> 'resolved') AS live
    FROM server_now n JOIN server s ON s.tenant_id = n.tenant_id AND s.id = n.server_id
    WHERE n.tenant_id = app.tenant() AND n.server_id = ${serverId}::uuid`;
  const row = rows[0];
  if (!row || row.status === "up") return null;
  if (row.reason === "region_failing") return "One region alone fails: that is a warning, and it pages nobody.";
  const mode = modeOf({ status: row.status, reason: row.reason, pattern: "all" });
  if (mode !== null && row.live.includes(fingerprint(serverId, mode))) return null;
  if (mode === "serving") {
    const needed = toFire({ bad: row.bad, good: row.good, flips: row.flips.map(Number) }, row.fire_after);
    const left = needed - row.bad;
    if (left <= 0)
      return "It was closed by hand while it failed: a new incident opens after a whole new run of bad checks.";
    return `${row.bad} of ${needed} bad checks in a row: an incident opens ${left === 1 ? "with the next one" : `after ${left} more`}.`;
  }
  if (row.reason === "region_stopped" || row.reason === "worker_stopped" || row.reason === "prober_fault")
    return `${REASONS[row.reason].label}: the fault is on our side, and one alert about that speaks for every server it leaves unchecked.`;
  if (row.reason === "not_checked") return "Not checked: an incident opens when nobody has looked for two intervals.";
  return row.reason === null
    ? null
    : `${REASONS[row.reason].label}: this says nothing of whether the server works, so it opens no incident.`;
}
