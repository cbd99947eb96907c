// Clock to steps: incidents whose next step is due, each in a transaction of its own. An acknowledge that commits first
// leaves nothing due; one that comes later waits for the row and takes back what was not sent yet.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { type Incident, incidentById } from "#lib/commands/incident/row";
import { writeTimeline } from "#lib/commands/incident/timeline";
import { draft } from "#lib/domain/event";
import { modeOfFingerprint } from "#lib/domain/fingerprint";
import { sinkFacts } from "#lib/queries/sink-facts";
import { takeDueSteps } from "./steps.ts";
import { holdBack, holdNow } from "./holds.ts";

const AT_ONCE = 200;
const MOST_ROUNDS = 10;

/**
 * Of those that are due at the same moment the gravest come first.
 * @returns how many incidents were moved on
 * @throws the first failure, after every other incident had its turn
 */
export async function escalateDue(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  let moved = 0;
  const failures: unknown[] = [];
  // Those that cannot be moved now stay the first in line: whoever stands behind so many of them has a turn all the same.
  const stuck: string[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const due = await sweeper.find<{ tenant_id: string; id: string }>(
      `SELECT tenant_id, id FROM incident WHERE next_step_at <= $1 AND state = 'open' AND id <> ALL ($3::uuid[])
       ORDER BY next_step_at, severity LIMIT $2`,
      [now, AT_ONCE, stuck],
    );
    const before = stuck.length;
    for (const { tenant_id, id } of due) {
      try {
        if (await escalate(db, tenant_id, id, now)) moved++;
        else stuck.push(id);
      } catch (err) {
        failures.push(err);
        stuck.push(id);
      }
    }
    if (due.length < AT_ONCE || stuck.length === before) break;
  }
  if (failures.length > 0) throw failures[0];
  return moved;
}

/** @returns false when somebody else was first: acknowledged, resolved or stepped */
export function escalate(db: Db, tenantId: string, incidentId: string, now: Date): Promise<boolean> {
  const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    const incident = await incidentById(tx, incidentId);
    if (incident === null || incident.state !== "open" || incident.nextStepAt === null || incident.nextStepAt > now)
      return false;
    const held = await holdNow({ tx, tenantId, incident, now });
    if (held !== null) {
      await holdBack(tx, incidentId, held, now);
      await say(tx, tenantId, incidentId, [held.said], now);
      return true;
    }
    const said = incident.heldBy === null ? [] : [ended(incident.heldBy)];
    const better = incident.heldBy === null ? null : await recoveringUntil(tx, incident, now);
    if (better !== null) {
      await tx.$executeRaw`UPDATE incident SET next_step_at = ${better} WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid AND state = 'open'`;
      await say(
        tx,
        tenantId,
        incidentId,
        [
          draft(
            "recovering",
            "What held it back is over and the last look was good: nobody is told unless it fails again before it is closed.",
          ),
        ],
        now,
      );
      return true;
    }
    said.push(...(await takeDueSteps(tx, tenantId, incident, await sinkFacts(tx), now)));
    await say(tx, tenantId, incidentId, said, now);
    return true;
  });
  return unlessErased(work, false);
}

const ended = (kind: string) =>
  kind === "silence"
    ? draft("silence_ended", "The silence has ended.")
    : draft("hold_ended", "Nothing holds it back any more.", { kind });

async function say(
  tx: Tx,
  tenantId: string,
  incidentId: string,
  said: Parameters<typeof writeTimeline>[2],
  now: Date,
): Promise<void> {
  await writeTimeline(tx, { tenantId, incidentId }, said, now);
  await liveHint(tx, { tenant: tenantId, what: "incident", id: incidentId });
}

/** A known-down server that has just come back is not paged for at a silence's end. @returns when to look again, or null */
async function recoveringUntil(tx: Tx, incident: Incident, now: Date): Promise<Date | null> {
  if (incident.serverId === null || modeOfFingerprint(incident.fingerprint) !== "serving") return null;
  const rows = await tx.$queryRaw<
    { interval_s: number }[]
  >`SELECT s.interval_s FROM server_now n JOIN server s ON s.tenant_id = n.tenant_id AND s.id = n.server_id
    WHERE n.tenant_id = app.tenant() AND n.server_id = ${incident.serverId}::uuid AND n.good_streak > 0 AND n.status <> 'unknown'`;
  const row = rows[0];
  return row ? new Date(now.getTime() + row.interval_s * 1000) : null;
}
