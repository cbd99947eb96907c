// "Why was I (not) paged?": one answer per sink and step, from the frozen policy, the timeline and the deliveries.
import type { Tx } from "#lib/adapters/db";
import type { Answer, StepData } from "#lib/domain/event";
import { type Planned, planFrom } from "#lib/domain/explain";
import { frozenPolicy } from "#lib/domain/policy";
import type { Severity } from "#lib/domain/reason";
import { rosterFor } from "../roster.ts";
import { waitsFor } from "../deliveries.ts";
import { sinkFacts } from "../sink-facts.ts";
import { sinkTroubles } from "../sinks.ts";

export interface WhyAnswer {
  /** null where the answer is about all sinks. */
  sinkId: string | null;
  sinkName: string;
  /** Whom it reaches by that sink, where a person or a schedule was to be told. */
  via?: string;
  /** Counted from 1; null where the answer is about all steps. */
  step: number | null;
  afterMinutes: number | null;
  paged: boolean;
  /** Named reason: a delivery state, an Answer, or silenced, held, log_only, nobody_to_tell, not_due, stopped. */
  reason:
    | Answer
    | "sent"
    | "pending"
    | "dead"
    | "withheld"
    | "silenced"
    | "held"
    | "log_only"
    | "nobody_to_tell"
    | "no_other_road"
    | "not_due"
    | "stopped";
  sentence: string;
  /** Epoch ms of the decision, or of when it is due. */
  at: number | null;
}

interface Sent {
  kind: string;
  made: Date;
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
    where: {
      incidentId,
      decision: {
        in: ["silenced", "held", "log_only", "nobody_to_tell", "step_taken", "updated", "fell_back", "no_other_road"],
      },
    },
    orderBy: { seq: "asc" },
  });
  const triggers = await tx.$queryRaw<
    Sent[]
  >`SELECT sink_id, kind, state, reason, created_at AS made, coalesce(settled_at, created_at) AS at FROM delivery
    WHERE incident_id = ${incidentId}::uuid AND kind IN ('trigger', 'update') ORDER BY ordinal`;
  const policy = frozenPolicy(incident.policy);
  const sinks = await sinkFacts(tx);
  const names = new Map(sinks.map((s) => [s.id, s.name]));
  const troubles = await sinkTroubles(tx);
  const answers: WhyAnswer[] = [];
  const told = new Set<string>();
  for (const event of events) {
    const at = event.at.getTime();
    if (event.decision !== "step_taken" && event.decision !== "updated" && event.decision !== "fell_back") {
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
      const sent = triggers.find(
        (t) =>
          t.sink_id === line.sinkId &&
          (line.answer === "told"
            ? t.kind === "trigger"
            : line.answer === "told_again" && t.kind === "update" && t.made.getTime() === at),
      );
      if (sent) told.add(line.sinkId);
      answers.push({
        sinkId: line.sinkId === "" ? null : line.sinkId,
        sinkName: names.get(line.sinkId) ?? line.sinkName,
        ...(line.via === undefined ? {} : { via: line.via }),
        // Beside the policy: because somebody else did not take it.
        step: event.decision === "fell_back" ? null : data.step + 1,
        afterMinutes: data.afterMinutes,
        ...outcome(line.answer, sent, incident.severity as Severity, waitsFor(troubles.get(line.sinkId))),
        at: sent?.at.getTime() ?? at,
      });
    }
  }
  const stopped = incident.state !== "open" || incident.nextStepAt === null;
  const plan = planFrom(policy, incident.severity as Severity, sinks, {
    next: incident.step,
    dueAt: (incident.nextStepAt ?? now).getTime(),
    told,
    roster: await rosterFor(tx, policy, now),
  });
  return [...answers, ...plan.flatMap((step) => ahead(step, stopped, incident.state, now))];
}

function stepData(data: unknown): StepData {
  const d = (typeof data === "object" && data !== null ? data : {}) as Partial<StepData>;
  return { step: d.step ?? 0, afterMinutes: d.afterMinutes ?? 0, answers: Array.isArray(d.answers) ? d.answers : [] };
}

function outcome(
  answer: Answer,
  sent: Sent | undefined,
  severity: Severity,
  waits: string | null,
): Pick<WhyAnswer, "paged" | "reason" | "sentence"> {
  if (sent) {
    if (sent.state === "sent") return { paged: true, reason: "sent", sentence: "Told: the sink accepted it." };
    if (sent.state === "dead")
      return { paged: false, reason: "dead", sentence: `It could not be told: ${sent.reason}` };
    if (sent.state === "withheld") return { paged: false, reason: "withheld", sentence: `Not sent: ${sent.reason}` };
    return {
      paged: false,
      reason: "pending",
      sentence: waits ?? `Being sent${sent.reason === "" ? "." : `; the last try said: ${sent.reason}`}`,
    };
  }
  const sentence =
    answer === "severity_not_for_sink"
      ? `This step tells this sink of other severities, and the incident was not one of them (now ${severity}).`
      : SENTENCES[answer];
  return { paged: false, reason: answer, sentence };
}

const SENTENCES: Record<Answer, string> = {
  told: "Decided, and no delivery is left of it.",
  told_again: "Nobody had acknowledged, so it was decided to tell it again; no delivery is left of that.",
  already_told: "An earlier step had told this sink; it is told once per incident.",
  severity_not_for_sink: "This step tells this sink of other severities.",
  sink_disabled: "The sink is disabled: enable it so that it is told next time.",
  sink_unproven: "Nobody has proven that this sink is yours, so nothing is sent there: open it and follow the steps.",
  sink_removed: "The policy names a sink that had been removed: choose another in the policy.",
  nobody_on_call: "Nobody is on call in this schedule at this moment: close its hole, or name somebody to stand in.",
  no_contact: "This person has no sink through which they are reached: give them one on the page On call.",
  person_gone: "The policy or schedule names somebody who has left or may not see this tenant.",
  schedule_removed: "The policy names a schedule that was removed: choose another in the policy.",
};

/** What of a step that has not come yet is worth saying: as things stand now, for they are asked again when it is due. */
function ahead({ index, afterMinutes, at, answers }: Planned, stopped: boolean, state: string, now: Date): WhyAnswer[] {
  return answers.flatMap((line): WhyAnswer[] => {
    if (line.answer === "already_told" || line.answer === "severity_not_for_sink" || line.answer === "sink_removed")
      return [];
    const tells = line.answer === "told" || line.answer === "told_again";
    if (stopped && (line.sinkId === "" || line.answer === "told_again")) return [];
    const sentence = stopped
      ? `Not reached: the incident was ${state === "open" ? "not to be told" : state} before this step.`
      : !tells
        ? `As it stands now: ${SENTENCES[line.answer]}`
        : at <= now.getTime()
          ? "Due now."
          : line.answer === "told"
            ? "Told when this step is due, if nobody acknowledges before."
            : "Told again then, if nobody acknowledges before.";
    return [
      {
        sinkId: line.sinkId === "" ? null : line.sinkId,
        sinkName: line.sinkName,
        ...(line.via === undefined ? {} : { via: line.via }),
        step: index + 1,
        afterMinutes,
        paged: false,
        reason: stopped ? "stopped" : tells ? "not_due" : line.answer,
        sentence,
        at: stopped ? null : at,
      },
    ];
  });
}
