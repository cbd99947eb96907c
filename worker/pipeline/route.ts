import { tell, triggersOf } from "#lib/commands/incident/tell";
import type { Incident } from "#lib/commands/incident/row";
import { takeStep } from "#lib/domain/escalation";
import { draft } from "#lib/domain/event";
import { alreadyTold } from "#lib/domain/incident";
import { explain } from "#lib/domain/explain";
import { freeze, frozenPolicy, type SinkFacts } from "#lib/domain/policy";
import { rosterFor } from "#lib/queries/roster";
import type { Matchable } from "#lib/domain/matcher";
import { isLogOnly } from "#lib/domain/severity";
import { sinkFacts } from "#lib/queries/sink-facts";
import { routing } from "#lib/queries/tenant-policy";
import type { Passage, Stage } from "./passage.ts";
import { takeDueSteps } from "./steps.ts";

/** Who is told, by a policy that is frozen when the incident opens; later only what has become worse. */
export const route: Stage = {
  name: "route",
  async run(p) {
    if (p.incident === null) return;
    if (p.change === "opened") {
      const chosen = await withPolicy(p, p.incident);
      if (!(await begin(p, chosen, true))) await freezeOn(p, chosen.incident);
      return;
    }
    if (p.change === "raised") await raise(p, p.incident);
  },
};

async function withPolicy(p: Passage, incident: Incident): Promise<{ incident: Incident; sinks: SinkFacts[] }> {
  const { sinks, policy: chosen } = await routing(p.tx, matchable(p, incident));
  const policy = freeze(chosen);
  p.said.push(
    draft(
      "policy_frozen",
      `"${policy.name}" holds for this incident, in ${policy.steps.length} step${policy.steps.length === 1 ? "" : "s"}${chosen.isDefault ? "" : ": the first policy that matches it"}.`,
    ),
  );
  return { incident: { ...incident, policy }, sinks };
}

const matchable = (p: Passage, { severity, reason, labels }: Incident): Matchable => {
  const { kind, serverId, name, weight } = p.subject;
  return { severity, reason, kind, serverId, name, weight, labels };
};

async function freezeOn(p: Passage, { id, policy }: Incident): Promise<void> {
  await p.tx
    .$executeRaw`UPDATE incident SET policy = ${JSON.stringify(policy)}::jsonb WHERE tenant_id = app.tenant() AND id = ${id}::uuid`;
}

/** @param opened nobody has been told of it yet, and its policy is still to be kept with its first step @returns whether that was done */
async function begin(
  p: Passage,
  { incident, sinks }: { incident: Incident; sinks: SinkFacts[] },
  opened = false,
): Promise<boolean> {
  p.incident = incident;
  if (isLogOnly(incident.severity)) {
    p.said.push(draft("log_only", `${incident.severity} is written down and told to nobody.`));
    return false;
  }
  const policy = frozenPolicy(incident.policy);
  const when = { roster: await rosterFor(p.tx, policy, p.now), at: p.now.getTime() };
  const plan = explain(policy, incident.severity, sinks, when);
  if (!plan.steps.some((s) => s.answers.some((a) => a.answer === "told"))) {
    p.nobodyToTell = true;
    p.said.push(
      draft(
        "nobody_to_tell",
        `Nobody is told of this: ${plan.warnings[0] ?? "no step names a sink that can be told."}`,
      ),
    );
  }
  if (p.hold !== null) return false;
  const said = await takeDueSteps(p.tx, p.tenantId, incident, sinks, p.now, { known: when.roster, opened });
  p.said.push(...said);
  return said.length > 0;
}

async function raise(p: Passage, incident: Incident): Promise<void> {
  if (incident.state !== "open") {
    p.said.push(
      draft("updated", "It became worse after somebody had acknowledged it: nobody is told again.", { answers: [] }),
    );
    return;
  }
  if (p.hold !== null) return;
  const sinks = await sinkFacts(p.tx);
  // It was P4 or held by a silence that has just ended: the policy has not begun yet.
  if (incident.step === 0) {
    await begin(p, { incident, sinks });
    return;
  }
  const triggers = (await triggersOf(p.tx, incident.id)).filter(alreadyTold);
  const told = new Set(triggers.map((t) => t.sinkId));
  const policy = frozenPolicy(incident.policy);
  const taken = { targets: policy.steps.slice(0, incident.step).flatMap((s) => s.targets) };
  const when = { roster: await rosterFor(p.tx, policy, p.now), at: p.now.getTime() };
  const answers = takeStep(taken, incident.severity, sinks, told, when);
  const fresh = answers.filter((a) => a.answer === "told");
  await tell(
    p.tx,
    p.tenantId,
    incident,
    "update",
    [...told].filter((id) => sinks.some((s) => s.id === id && s.enabled)),
    p.now,
  );
  await tell(
    p.tx,
    p.tenantId,
    incident,
    "trigger",
    fresh.map((a) => a.sinkId),
    p.now,
  );
  const also =
    fresh.length === 0
      ? ""
      : ` Now that it is ${incident.severity}, also telling ${fresh.map((a) => a.sinkName).join(", ")}.`;
  p.said.push(
    draft("updated", `Telling those who know that it became worse.${also}`, {
      step: incident.step - 1,
      afterMinutes: 0,
      answers: fresh,
    }),
  );
}
