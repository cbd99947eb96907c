// Takes the steps of an incident that are due. The update comes first and is conditional: of two who try, one meets
// zero rows and tells nobody.
import type { Tx } from "#lib/adapters/db";
import type { Incident } from "#lib/commands/incident/row";
import { tell, triggersOf } from "#lib/commands/incident/tell";
import {
  afterMinutesOf,
  describeStep,
  nextStepAt,
  roundOf,
  stepCount,
  takeNth,
  takeStep,
} from "#lib/domain/escalation";
import { draft, type EventDraft, type StepData } from "#lib/domain/event";
import { alreadyTold } from "#lib/domain/incident";
import { frozenPolicy, type SinkFacts } from "#lib/domain/policy";
import { NO_ROSTER, type Roster } from "#lib/domain/roster";
import { rosterFor } from "#lib/queries/roster";

interface Given {
  /** Who there is now, where the caller has asked already. */
  known?: Roster;
  /** It has just been opened: nobody has been told, and its policy is kept together with the first step. */
  opened?: boolean;
}

/** @returns what to say on the timeline; nothing when no step was due or somebody else took it */
export async function takeDueSteps(
  tx: Tx,
  tenantId: string,
  incident: Incident,
  sinks: readonly SinkFacts[],
  now: Date,
  { known, opened = false }: Given = {},
): Promise<EventDraft[]> {
  const policy = frozenPolicy(incident.policy);
  const triggers = opened ? [] : await triggersOf(tx, incident.id);
  const told = new Set(triggers.filter(alreadyTold).map((t) => t.sinkId));
  const said: EventDraft[] = [];
  let index = incident.step;
  let due = index === 0 && incident.nextStepAt === null ? nextStepAt(policy, 0, now) : incident.nextStepAt;
  // Held after its last step: there is none to wait for.
  if (index >= stepCount(policy)) due = null;
  const telling: string[] = [];
  const again = new Set<string>();
  const isDue = () => index < stepCount(policy) && due !== null && due <= now;
  // Whoever is on call as it is told, not as it was planned.
  const when = { roster: known ?? (isDue() ? await rosterFor(tx, policy, now) : NO_ROSTER), at: now.getTime() };
  const missed = incident.heldBy !== null && index > 0 && (await raisedSinceTold(tx, incident.id));
  if (missed) {
    const targets = policy.steps.slice(0, index).flatMap((s) => s.targets);
    const roster = known ?? (await rosterFor(tx, policy, now));
    const fresh = takeStep({ targets }, incident.severity, sinks, told, { roster, at: now.getTime() }).filter(
      (a) => a.answer === "told",
    );
    for (const { id, enabled } of sinks) if (enabled && told.has(id)) again.add(id);
    for (const { sinkId } of fresh) {
      telling.push(sinkId);
      told.add(sinkId);
    }
    const also = fresh.length === 0 ? "" : ` Also telling ${fresh.map((a) => a.sinkName).join(", ")}.`;
    said.push(
      draft("updated", `It became ${incident.severity} while it was held: telling those who know.${also}`, {
        step: index - 1,
        afterMinutes: 0,
        answers: fresh,
      }),
    );
  }
  while (isDue() && due !== null) {
    const answers = takeNth(policy, index, incident.severity, sinks, told, when);
    for (const { sinkId, answer } of answers) {
      if (answer === "told") telling.push(sinkId);
      if (answer === "told") told.add(sinkId);
      if (answer === "told_again" && !telling.includes(sinkId)) again.add(sinkId);
    }
    const afterMinutes = afterMinutesOf(policy, index) ?? 0;
    const data: StepData = { step: index, afterMinutes, answers };
    const sentence = describeStep(index, policy.steps.length, afterMinutes, answers, roundOf(policy, index));
    said.push(draft("step_taken", sentence, { ...data }));
    index++;
    due = nextStepAt(policy, index, due);
  }
  if (said.length === 0 && due?.getTime() === incident.nextStepAt?.getTime()) return [];
  const won =
    await tx.$executeRaw`UPDATE incident SET step = ${index}, next_step_at = ${due}, silence_id = NULL, held_by = NULL, held_ref = NULL,
      policy = coalesce(${opened ? JSON.stringify(incident.policy) : null}::jsonb, policy)
    WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state = 'open' AND step = ${incident.step}`;
  if (won === 0) return [];
  await tell(tx, tenantId, incident, "update", [...again], now);
  await tell(tx, tenantId, incident, "trigger", telling, now);
  return said;
}

/** It became graver after the last time that anybody was told of it. */
async function raisedSinceTold(tx: Tx, incidentId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ decision: string }[]>`SELECT decision FROM incident_event
    WHERE tenant_id = app.tenant() AND incident_id = ${incidentId}::uuid AND decision IN ('severity_raised', 'step_taken', 'updated')
    ORDER BY seq DESC LIMIT 1`;
  return rows[0]?.decision === "severity_raised";
}
