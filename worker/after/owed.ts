// What people owe after an incident, by the clock: a word on a P1 after five minutes, a postmortem a day after its end.
import { type Db, type Prisma, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { incidentById } from "#lib/commands/incident/row";
import { remind } from "#lib/commands/incident/remind";
import { writeTimeline } from "#lib/commands/incident/timeline";
import { draft } from "#lib/domain/event";
import { DUE_AFTER_MS, WORD_AGAIN_MS, WORD_DUE_MS, WORD_UNTIL_MS } from "#lib/domain/postmortem";
import { postmortemDraft } from "#lib/queries/postmortem-draft";

const AT_ONCE = 200;
const WEEK_MS = 7 * 86_400_000;
const REMIND_AGAIN_MS = 24 * 3_600_000;

export interface Owed {
  drafts: number;
  words: number;
  overdue: number;
}

/** One look; what is known and unchanged costs three small questions. @throws the first failure, after every incident had its turn */
export async function whatIsOwed(db: Db, sweeper: Sweeper, now: Date): Promise<Owed> {
  const before = (ms: number) => new Date(now.getTime() - ms);
  const failures: unknown[] = [];
  const each = async (
    rows: { tenant_id: string; id: string }[],
    work: (tx: Tx, tenantId: string, id: string) => Promise<boolean>,
  ) => {
    let done = 0;
    for (const { tenant_id: tenantId, id } of rows) {
      const one = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, (tx) => work(tx, tenantId, id));
      const did = await unlessErased(one, false).catch((err) => {
        failures.push(err);
        return false;
      });
      if (did) done++;
    }
    return done;
  };
  const ended = await sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT i.tenant_id, i.id FROM incident i WHERE i.state = 'resolved' AND i.severity = 'P1' AND NOT i.drill AND i.resolved_at > $1
       AND NOT EXISTS (SELECT 1 FROM postmortem p WHERE p.tenant_id = i.tenant_id AND p.incident_id = i.id) ORDER BY i.resolved_at LIMIT $2`,
    [before(WEEK_MS), AT_ONCE],
  );
  const silent = await sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM incident WHERE state = 'open' AND severity = 'P1' AND NOT drill AND held_by IS NULL
       AND opened_at <= $1 AND opened_at > $2 AND (reminded_at IS NULL OR reminded_at <= $3) ORDER BY opened_at LIMIT $4`,
    [before(WORD_DUE_MS), before(WORD_UNTIL_MS), before(WORD_AGAIN_MS), AT_ONCE],
  );
  const late = await sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, incident_id AS id FROM postmortem WHERE state = 'draft' AND due_at <= $1 AND (reminded_at IS NULL OR reminded_at <= $2)
     ORDER BY due_at LIMIT $3`,
    [now, before(REMIND_AGAIN_MS), AT_ONCE],
  );
  const owed = {
    drafts: await each(ended, (tx, tenantId, id) => begin(tx, tenantId, id, now)),
    words: await each(silent, (tx, tenantId, id) => askForWord(tx, tenantId, id, now)),
    overdue: await each(late, (tx, tenantId, id) => sayOverdue(tx, tenantId, id, now)),
  };
  if (failures.length > 0) throw failures[0];
  return owed;
}

/** Due a day after the end, also when nobody looked for a while. */
async function begin(tx: Tx, tenantId: string, incidentId: string, now: Date): Promise<boolean> {
  const sections = await postmortemDraft(tx, incidentId);
  const [row] = await tx.incident.findMany({ where: { id: incidentId }, select: { resolvedAt: true }, take: 1 });
  if (sections === null || !row?.resolvedAt) return false;
  const dueAt = new Date(row.resolvedAt.getTime() + DUE_AFTER_MS);
  const { count } = await tx.postmortem.createMany({
    data: { tenantId, incidentId, sections: sections as Prisma.InputJsonObject, dueAt, createdAt: now, updatedAt: now },
    skipDuplicates: true,
  });
  if (count === 0) return false;
  const said = draft(
    "review_due",
    `It was a P1, so a postmortem is due by ${dueAt.toISOString().slice(0, 16).replace("T", " ")} UTC.`,
  );
  await writeTimeline(tx, { tenantId, incidentId }, [said], now);
  return true;
}

/** Until somebody writes a note, has it in hand or it is over. Conditional: of two who look at once one reminds. */
async function askForWord(tx: Tx, tenantId: string, incidentId: string, now: Date): Promise<boolean> {
  const again = new Date(now.getTime() - WORD_AGAIN_MS);
  const won =
    await tx.$executeRaw`UPDATE incident SET reminded_at = ${now} WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid
    AND state = 'open' AND held_by IS NULL AND (reminded_at IS NULL OR reminded_at <= ${again})`;
  const incident = won === 0 ? null : await incidentById(tx, incidentId);
  if (incident === null) return false;
  const [spoke] = await tx.$queryRaw<unknown[]>`SELECT 1 FROM incident_event WHERE tenant_id = app.tenant()
    AND incident_id = ${incidentId}::uuid AND decision = 'noted' LIMIT 1`;
  if (spoke !== undefined) return false;
  const owed = {
    ...{ what: "status_update" as const, title: "a status update is due" },
    advice: "Nobody has said how it stands: write a note on the incident, or acknowledge it.",
    path: `/incidents/${incidentId}`,
  };
  return (await remind(tx, tenantId, incident, owed, now)) > 0;
}

async function sayOverdue(tx: Tx, tenantId: string, incidentId: string, now: Date): Promise<boolean> {
  const again = new Date(now.getTime() - REMIND_AGAIN_MS);
  const won =
    await tx.$executeRaw`UPDATE postmortem SET reminded_at = ${now} WHERE tenant_id = app.tenant() AND incident_id = ${incidentId}::uuid
    AND state = 'draft' AND (reminded_at IS NULL OR reminded_at <= ${again})`;
  const incident = won === 0 ? null : await incidentById(tx, incidentId);
  if (incident === null) return false;
  const owed = {
    ...{ what: "postmortem" as const, title: "its postmortem is overdue" },
    advice: "Finish the postmortem while people still remember, or name who does.",
    path: `/postmortems/${incidentId}`,
  };
  return (await remind(tx, tenantId, incident, owed, now)) > 0;
}
