// Is it one cause over many tenants? Then the installation's operators are told once, by a duty that finds the row
// written here (worker/storm/clusters.ts), and this tenant's own notices wait for an hour at most.
import { randomUUID } from "node:crypto";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { CLUSTER_HOLD_MS, isCluster } from "#lib/domain/cluster";
import { draft } from "#lib/domain/event";
import { REASONS } from "#lib/domain/reason";
import { isGraver } from "#lib/domain/severity";
import { causeTitle, isUpstream } from "#lib/domain/storm";
import type { Hold, HoldAsk } from "./holds.ts";
import { drilledCauses } from "./drill-cluster.ts";
import { type SharedCause, sharedNow } from "./shared.ts";

export async function byCluster(ask: HoldAsk): Promise<Hold | null> {
  const { tenantId, incident } = ask;
  const concerns = incident.subjectKind === "server" || incident.subjectKind === "storm";
  // What was told already goes on: nobody is left in the middle of an escalation.
  if (!concerns || incident.step > 0) return null;
  if (incident.drill) return judge(ask, await drilledCauses(ask));
  if (tenantId === PLATFORM_TENANT) return null;
  return judge(
    ask,
    (await sharedNow(ask)).causes.filter((c) => isUpstream(c.cause)),
  );
}

async function judge(ask: HoldAsk, upstream: readonly SharedCause[]): Promise<Hold | null> {
  const { incident, now } = ask;
  const { severity } = REASONS[incident.reason];
  // Tenants that share a provider share more than one cause: what is graver than what was noticed is another one.
  const live = upstream.flatMap(({ cause, clusterId: id, clusterOpenedAt: at, clusterReason: of }) =>
    id === null || at === null || (of !== null && isGraver(severity, REASONS[of].severity))
      ? []
      : [{ cause, id, openedAt: new Date(at) }],
  )[0];
  // Held once is held enough: what a cluster has let go of, or held for its hour, goes its own way.
  if (incident.heldBy === "cluster" && incident.heldRef !== live?.id) return null;
  if (live !== undefined) return held(live, now);
  const wide = upstream.find((c) => c.hears && isCluster(c.tenants, c.tenantsWatching));
  if (wide === undefined) return null;
  const noted = await note(ask, wide.cause);
  return noted === null ? null : held({ cause: wide.cause, ...noted }, now);
}

function held({ id, cause, openedAt }: { id: string; cause: string; openedAt: Date }, now: Date): Hold | null {
  const until = new Date(openedAt.getTime() + CLUSTER_HOLD_MS);
  if (until <= now) return null;
  const sentence = `Held by a wider outage at ${causeTitle(cause)}, which our operators are told of: until it ends, at the latest until ${until.toISOString().slice(11, 16)} UTC.`;
  return {
    kind: "cluster",
    ref: id,
    until,
    said: draft("held", sentence, { kind: "cluster", ref: id, until: until.toISOString() }),
  };
}

/** Whoever else writes it at the same moment is waited for, and theirs is taken. @returns null where nobody is told of it */
async function note({ tx, incident, now }: HoldAsk, cause: string): Promise<{ id: string; openedAt: Date } | null> {
  await tx.$executeRaw`INSERT INTO cluster (id, cause, reason, opened_at, drill)
    VALUES (${randomUUID()}::uuid, ${cause}, ${incident.reason}, ${now}, ${incident.drill}) ON CONFLICT (cause) WHERE ended_at IS NULL DO NOTHING`;
  const [row] = await tx.$queryRaw<
    { id: string; openedAt: Date }[]
  >`SELECT id::text, opened_at AS "openedAt" FROM cluster
    WHERE cause = ${cause} AND ended_at IS NULL AND NOT nobody`;
  return row ?? null;
}
