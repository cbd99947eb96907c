// One look at one check that a person asked for: a real probe from one region, shown step by step, that counts for nothing
// and is recorded nowhere but in the request.
import { type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { checkOf, type ExtraCheck } from "#lib/domain/extra-check/index";
import type { ExtraResult } from "#lib/domain/outcome";
import { REQUESTS } from "#lib/requests";
import { credentialed } from "../credential/credentialed.ts";
import type { ProbeJob } from "../job.ts";
import { live } from "../live.ts";
import type { RegionDeps } from "../region.ts";
import type { ProbeResult } from "../result.ts";
import { loadTargets } from "../targets.ts";
import type { TargetExtras } from "./looking.ts";

type Trial = ProbeJob & { live: { requestId: string } };

export async function runTrial(deps: RegionDeps, job: Trial): Promise<string> {
  const { tenantId } = job;
  const { requestId } = job.live;
  const show = live(deps.db, { tenantId, requestId, region: deps.region, regions: 1 });
  const wanted = await deps.db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, (tx) =>
    wantedCheck(tx, tenantId, requestId),
  );
  const { targets, policy, guarded } = await loadTargets(deps.db, deps.box, job, deps.region, deps.ca);
  const target = wanted === null ? undefined : targets.find((t) => t.serverId === wanted.serverId);
  if (wanted === null || target === undefined) {
    await show.say("unknown", "There is no such check, or its server's credential does not open.");
    return "nothing to try";
  }
  const extras: TargetExtras = { checks: [wanted.check], allowedTools: wanted.allowedTools, held: {} };
  const prober = credentialed(deps, tenantId, guarded, true);
  let seen: ProbeResult | null = null;
  const note = (result: ProbeResult) => {
    seen = result;
  };
  await prober.run(
    [{ ...target, extras, routine: false }],
    policy,
    { step: (_id, step) => show.step(step), result: note },
    true,
    { job },
  );
  const [status, sentence] = wordOn(seen, wanted.check);
  await show.say(status, sentence);
  return "tried";
}

async function wantedCheck(
  tx: Tx,
  tenantId: string,
  requestId: string,
): Promise<{ serverId: string; check: ExtraCheck; allowedTools: string[] } | null> {
  const request = await tx.request.findFirst({ where: { tenantId, id: requestId, kind: "try-check" } });
  const payload = REQUESTS["try-check"].safeParse(request?.payload);
  if (!payload.success) return null;
  const { serverId, checkId } = payload.data;
  const row = await tx.extraCheck.findFirst({ where: { tenantId, id: checkId, serverId, removedAt: null } });
  const check = row === null ? null : checkOf(row);
  if (check === null) return null;
  const allowed = await tx.allowedTool.findMany({ where: { tenantId, serverId }, select: { tool: true } });
  return { serverId, check, allowedTools: allowed.map((a) => a.tool) };
}

function wordOn(seen: ProbeResult | null, check: ExtraCheck): [ExtraResult["status"], string] {
  const result = seen?.extras?.find((e) => e.id === check.id);
  if (result === undefined) return ["unknown", "The server was not reached: look at its own check."];
  const head = result.evidence.bodyHead ? ` It answered: “${result.evidence.bodyHead}”` : "";
  return [result.status, `${result.evidence.detail ?? ""}${head}`];
}
