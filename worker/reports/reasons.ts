import type { Tx } from "#lib/adapters/db";
import { bodyOf } from "#lib/domain/audit-row";
import { reasonKey, softFaults } from "#lib/domain/justification";
import { DAY_MS, dayStart } from "#lib/domain/utc-day";

/** A week with more reasons than these is judged by the first of them; the report says how many it looked at. */
const JUDGED_AT_MOST = 20_000;
const LISTED_AT_MOST = 500;
/** Where a person says why in a field of the act's own. */
const OWN_FIELDS = ["why", "comment"] as const;

/** @returns ids of rows and what is weak about each; the words themselves stay where they can be erased */
export async function weakReasonsOf(
  tx: Tx,
  tenantId: string,
  week: string,
): Promise<{ lookedAt: number; findings: { id: string; day: string; faults: string[] }[] }> {
  const start = dayStart(week) ?? 0;
  const rows = await tx.$queryRaw<{ id: string; at: Date; actor: string; action: string; body: string }[]>`
    SELECT e.id::text, e.at, e.actor::text, e.action, p.body
    FROM audit.event e JOIN audit.pii p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
    WHERE e.tenant_id = ${tenantId}::uuid AND e.at >= ${new Date(start)} AND e.at < ${new Date(start + 7 * DAY_MS)}
      AND (p.has_why OR e.action = 'silence.create') ORDER BY e.at LIMIT ${JUDGED_AT_MOST}`;
  const given = rows.flatMap(({ body, ...row }) => {
    const said = bodyOf(body);
    const text = OWN_FIELDS.map((name) => said[name]).find((value) => typeof value === "string" && value !== "");
    return typeof text === "string" ? [{ ...row, text, key: reasonKey(text) }] : [];
  });
  const own = Map.groupBy(given, (g) => `${g.actor} ${g.key}`);
  const alike = Map.groupBy(given, (g) => g.key);
  const findings = given.flatMap(({ id, at, actor, action, text, key }) => {
    const faults = softFaults(text, {
      action,
      own: own.get(`${actor} ${key}`)?.length ?? 1,
      people: new Set(alike.get(key)?.map((g) => g.actor)).size,
    });
    // A silence asks for a few words only: that they are few is no fault there.
    const meant = action === "silence.create" ? faults.filter((f) => f !== "short") : faults;
    return meant.length === 0 ? [] : [{ id, day: at.toISOString().slice(0, 10), faults: meant }];
  });
  return { lookedAt: given.length, findings: findings.slice(0, LISTED_AT_MOST) };
}
