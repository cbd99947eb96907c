import { type Db, WORKER_ACTOR } from "#lib/adapters/db";
import { env } from "#lib/adapters/env";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { DRIFT_DAYS, type Drift, type DriftInput, roleDrift } from "#lib/domain/role-drift";
import { DAY_MS } from "#lib/domain/utc-day";
import { bindings } from "#lib/queries/session";

export async function driftOf(db: Db, now: Date): Promise<{ lookedAt: number; findings: Drift[] }> {
  const { people, bound, tenants, signedIn, directory } = await db.global(async (tx) => ({
    people: await tx.person.findMany({
      select: { id: true, issuer: true, subject: true, groups: true, disabledAt: true, lastSeenAt: true },
    }),
    bound: await bindings(tx),
    tenants: await tx.tenant.findMany({ select: { id: true, slug: true, isPlatform: true } }),
    signedIn: await tx.$queryRaw<
      { id: string }[]
    >`SELECT DISTINCT person_id::text AS id FROM session WHERE expires_at > ${now}`,
    directory: await tx.$queryRaw<{ subject: string; groups: string[] }[]>`
      SELECT u.external_id AS subject, coalesce(array_agg(g.display_name) FILTER (WHERE g.id IS NOT NULL), '{}') AS groups
      FROM scim_user u LEFT JOIN scim_member m ON m.user_id = u.id LEFT JOIN scim_group g ON g.id = m.group_id
      WHERE u.active GROUP BY u.id`,
  }));
  const since = new Date(now.getTime() - DRIFT_DAYS * DAY_MS);
  const acts: DriftInput["acts"][number][] = [];
  // Each tenant's log in a transaction of its own, as everywhere: no role reads all of them at once.
  for (const { id, slug, isPlatform } of tenants)
    for (const personId of await actorsOf(db, id, since)) acts.push({ personId, slug, isPlatform });
  const { OIDC_ISSUER: issuer } = env();
  const byDirectory = new Map(directory.map((d) => [d.subject, d.groups]));
  const findings = roleDrift({
    now: now.getTime(),
    people: people.map((p) => ({
      ...{ id: p.id, groups: p.groups, disabled: p.disabledAt !== null, lastSeenAt: p.lastSeenAt.getTime() },
      directory: p.issuer === issuer ? (byDirectory.get(p.subject) ?? null) : null,
      emergency: p.issuer === BREAK_GLASS_ISSUER,
    })),
    ...{ bindings: bound, tenants, acts, signedIn: new Set(signedIn.map((s) => s.id)) },
  });
  return { lookedAt: people.length, findings };
}

/** Signing in and being refused is no use of a role. */
async function actorsOf(db: Db, tenantId: string, since: Date): Promise<string[]> {
  const rows = await db.withTenant(
    { tenantId, actorId: WORKER_ACTOR, readOnly: true },
    (tx) =>
      tx.$queryRaw<{ actor: string }[]>`SELECT DISTINCT actor::text FROM audit.event
        WHERE tenant_id = ${tenantId}::uuid AND at >= ${since} AND NOT starts_with(action, 'session.') AND NOT action LIKE '%.refused'`,
  );
  return rows.map((r) => r.actor);
}
