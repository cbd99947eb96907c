// Takes the steps of an incident that are due. The update comes first and is conditional: of two who try, one meets
// zero rows and tells nobody.
import type { Tx } from "#lib/adapters/db";
import type { Incident } from "#lib/commands/incident/row";
import { tell, triggersOf } from "#lib/commands/incident/tell";
import { describeStep, nextStepAt, takeStep } from "#lib/domain/escalation";
import { draft, type EventDraft, type StepData } from "#lib/domain/event";
import { alreadyTold } from "#lib/domain/incident";
import { frozenPolicy, type SinkFacts } from "#lib/domain/policy";

/** @returns what to say on the timeline; nothing when no step was due or somebody else took it */
export async function takeDueSteps(
  tx: Tx,
  tenantId: string,
  incident: Incident,
  sinks: readonly SinkFacts[],
  now: Date,
): Promise<EventDraft[]> {
  const policy = frozenPolicy(incident.policy);
  const told = new Set((await triggersOf(tx, incident.id)).filter(alreadyTold).map((t) => t.sinkId));
  const said: EventDraft[] = [];
  let index = incident.step;
  let due = index === 0 && incident.nextStepAt === null ? nextStepAt(policy, 0, now) : incident.nextStepAt;
  const telling: string[] = [];
  for (let step = policy.steps[index]; step !== undefined && due !== null && due <= now; step = policy.steps[index]) {
    const answers = takeStep(step, incident.severity, sinks, told);
    for (const { sinkId } of answers.filter((a) => a.answer === "told")) {
      told.add(sinkId);
      telling.push(sinkId);
    }
    const data: StepData = { step: index, afterMinutes: step.afterMinutes, answers };
    said.push(draft("step_taken", describeStep(index, policy.steps.length, step.afterMinutes, answers), { ...data }));
    index++;
    due = nextStepAt(policy, index, due);
  }
  if (said.length === 0 && due?.getTime() === incident.nextStepAt?.getTime()) return [];
  const won =
    await tx.$executeRaw`UPDATE incident SET step = ${index}, next_step_at = ${due}, silence_id = NULL, held_by = NULL, held_ref = NULL
    WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state = 'open' AND step = ${incident.step}`;
  if (won === 0) return [];
  await tell(tx, tenantId, incident, "trigger", telling, now);
  return said;
}
