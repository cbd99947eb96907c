// "Why was I (not) paged?": one answer per sink and step, from the frozen policy, the timeline and the deliveries.
import type { Tx } from "#lib/adapters/db";
import { nextStepAt } from "#lib/domain/escalation";
import type { Answer, StepData } from "#lib/domain/event";
import { frozenPolicy, type Policy } from "#lib/domain/policy";
import type { Severity } from "#lib/domain/reason";
import { sinkFacts } from "../sink-facts.ts";

export interface WhyAnswer {
  /** null where the answer is about all sinks. */
  sinkId: string | null;
  sinkName: string;
  /** Counted from 1; null where the answer is about all steps. */
  step: number | null;
  afterMinutes: number | null;
  paged: boolean;
  /** Named reason: a delivery state, an Answer, or silenced, log_only, nobody_to_tell, not_due, stopped. */
  reason:
    | Answer
    | "sent"
    | "pending"
    | "dead"
    | "withheld"
    | "silenced"
    | "log_only"
    | "nobody_to_tell"
    | "not_due"
    | "stopped";
  sentence: string;
  /** Epoch ms of the decision, or of when it is due. */
  at: number | null;
}

interface Sent {
  sink_id: string;
  state: string;
  reason: string;
  at: Date;
}

/** @returns [] when this tenant has no such incident */
export async function whyPaged(tx: Tx, incidentId: string, now: Date): Promise<WhyAnswer[]> {
  const incident = await tx.incident.findFirst({ where: { id: incidentId } });
  if (incident === null) return [];
  const events = await tx.incidentEvent.findMany({
    where: { incidentId, decision: { in: ["silenced", "log_only", "nobody_to_tell", "step_taken", "updated"] } },
    orderBy: { seq: "asc" },
  });
  const triggers = await tx.$queryRaw<
    Sent[]
  >`SELECT sink_id, state, reason, coalesce(settled_at, created_at) AS at FROM delivery
    WHERE incident_id = ${incidentId}::uuid AND kind = 'trigger' ORDER BY ordinal`;
  const policy = frozenPolicy(incident.policy);
  const names = new Map((await sinkFacts(tx)).map((s) => [s.id, s.name]));
  const answers: WhyAnswer[] = [];
  const told = new Set<string>();
  for (const event of events) {
    const at = event.at.getTime();
    if (event.decision !== "step_taken" && event.decision !== "updated") {
      answers.push({
        sinkId: null,
        sinkName: "Everybody",
        step: null,
        afterMinutes: null,
        paged: false,
        reason: event.decision as WhyAnswer["reason"],
        sentence: event.sentence,
        at,
      });
      continue;
    }
    for (const line of stepData(event.data).answers) {
      const data = stepData(event.data);
      const sent = line.answer === "told" ? triggers.find((t) => t.sink_id === line.sinkId) : undefined;
      if (sent) told.add(line.sinkId);
      answers.push({
        sinkId: line.sinkId,
        sinkName: names.get(line.sinkId) ?? line.sinkName,
        step: data.step + 1,
        afterMinutes: data.afterMinutes,
        ...outcome(line.answer, sent, incident.severity as Severity),
        at: sent?.at.getTime() ?? at,
      });
    }
  }
  return [...answers, ...ahead(policy, incident, names, told, now)];
}

function stepData(data: unknown): StepData {
  const d = (typeof data === "object" && data !== null ? data : {}) as Partial<StepData>;
  return { step: d.step ?? 0, afterMinutes: d.afterMinutes ?? 0, answers: Array.isArray(d.answers) ? d.answers : [] };
}

function outcome(
  answer: Answer,
  sent: Sent | undefined,
  severity: Severity,
): Pick<WhyAnswer, "paged" | "reason" | "sentence"> {
  if (sent) {
    if (sent.state === "sent") return { paged: true, reason: "sent", sentence: "Told: the sink accepted it." };
    if (sent.state === "dead")
      return { paged: false, reason: "dead", sentence: `It could not be told: ${sent.reason}` };
    if (sent.state === "withheld") return { paged: false, reason: "withheld", sentence: `Not sent: ${sent.reason}` };
    return {
      paged: false,
      reason: "pending",
      sentence: `Being sent${sent.reason === "" ? "." : `; the last try said: ${sent.reason}`}`,
    };
  }
  const sentences: Record<Answer, string> = {
    told: "Decided, and no delivery is left of it.",
    already_told: "An earlier step had told this sink; it is told once per incident.",
    severity_not_for_sink: `This step tells this sink of other severities, and the incident was not one of them (now ${severity}).`,
    sink_disabled: "The sink was disabled: enable it so that it is told next time.",
    sink_unproven: "Nobody had proven that this sink is yours, so nothing is sent there: open it and follow the steps.",
    sink_removed: "The policy names a sink that had been removed: choose another in the policy.",
  };
  return { paged: false, reason: answer, sentence: sentences[answer] };
}

function ahead(
  policy: Policy,
  incident: { state: string; step: number; nextStepAt: Date | null; severity: string },
  names: ReadonlyMap<string, string>,
  told: ReadonlySet<string>,
  now: Date,
): WhyAnswer[] {
  const answers: WhyAnswer[] = [];
  let due = incident.nextStepAt;
  for (let i = incident.step; i < policy.steps.length; i++) {
    const step = policy.steps[i];
    if (!step) break;
    if (i > incident.step && due !== null) due = nextStepAt(policy, i, due);
    for (const target of step.targets) {
      if (
        told.has(target.sinkId) ||
        !target.severities.includes(incident.severity as Severity) ||
        !names.has(target.sinkId)
      )
        continue;
      const stopped = incident.state !== "open" || due === null;
      const sentence = stopped
        ? `Not reached: the incident was ${incident.state === "open" ? "not to be told" : incident.state} before this step.`
        : due !== null && due <= now
          ? "Due now."
          : "Told when this step is due, if nobody acknowledges before.";
      answers.push({
        sinkId: target.sinkId,
        sinkName: names.get(target.sinkId) ?? "",
        step: i + 1,
        afterMinutes: step.afterMinutes,
        paged: false,
        reason: stopped ? "stopped" : "not_due",
        sentence,
        at: stopped ? null : (due?.getTime() ?? null),
      });
    }
  }
  return answers;
}
