// Does a visit run for this request? Everything about it is asked anew each time: the cookies, the clock of the
// database, who makes it, whom they look as. It only reads; who asks writes the ends that it names.
import type { Db, Tx } from "#lib/adapters/db";
import { type Binding, type Membership, memberships } from "#lib/domain/bindings";
import { type End, mayVisit, standingAsTarget } from "#lib/domain/grant";
import type { Acting } from "./session.ts";
import { readCookie, same, secretHash, type Shown } from "./visit-key.ts";

/** A visit that this request has found to be over, and why; its end is written before anything is answered. */
export interface Over {
  code: "E_IMPERSONATION_ENDED" | "E_IMPERSONATION_BINDING";
  /** null: nothing is known of it but that it does not run; there is no end to write. */
  end: { tenantId: string; grantId: string; why: End; by: string } | null;
}

export interface VisitTenant {
  id: string;
  slug: string;
  name: string;
  isPlatform: boolean;
}

export interface Asking {
  sessionId: string;
  personId: string;
  members: readonly Membership[];
  bindings: readonly Binding[];
  tenants: readonly VisitTenant[];
  grantTenantId: string | null;
  grantId: string | null;
}

export type VisitAnswer = { acting: Acting; tenant: VisitTenant } | { over: Over } | null;

interface GrantRow {
  id: string;
  actor_id: string;
  target_id: string;
  target_name: string;
  mode: "ro" | "rw";
  reason: string;
  session_id: string;
  session_fp: Uint8Array;
  secret_hash: Uint8Array | null;
  agent_hash: Uint8Array | null;
  started_at: Date | null;
  not_after: Date | null;
  ended_at: Date | null;
  runs: boolean | null;
  left_ms: number | null;
}

/** @returns null when this session makes no visit and shows no cookie of one */
export async function visitNow(db: Db, who: Asking, shown: Shown | null): Promise<VisitAnswer> {
  const cookie = readCookie(shown?.cookie ?? null);
  const { grantId, grantTenantId } = who;
  if (grantId === null || grantTenantId === null) {
    if (cookie === null) return null;
    // A cookie without its visit: left over from one that ended, or taken from another session.
    const taken = await row(db, who, cookie.tenantId, cookie.grantId);
    if (taken?.runs === true && same(taken.secret_hash, secretHash(cookie.secret)))
      return over("binding", cookie.tenantId, taken.id, who);
    return { over: { code: "E_IMPERSONATION_ENDED", end: null } };
  }
  const grant = await row(db, who, grantTenantId, grantId);
  const tenant = who.tenants.find((t) => t.id === grantTenantId);
  if (grant === null || tenant === undefined) return over("session_over", grantTenantId, grantId, who);
  // The clock comes before the cookie: browsers drop it at the same moment.
  if (grant.runs !== true) return over("time", grantTenantId, grantId, who);
  const bound =
    shown !== null &&
    cookie !== null &&
    cookie.grantId === grant.id &&
    cookie.tenantId === grantTenantId &&
    same(grant.secret_hash, secretHash(cookie.secret)) &&
    same(grant.session_fp, shown.fp) &&
    grant.session_id === who.sessionId &&
    grant.actor_id === who.personId;
  if (!bound) return over("binding", grantTenantId, grantId, who);
  if (grant.agent_hash !== null && !same(grant.agent_hash, shown.agent))
    return over("browser", grantTenantId, grantId, who);
  if (!mayVisit(who.members, tenant.slug)) return over("role_lost", grantTenantId, grantId, who);
  const target = await db.global((tx) => asTarget(tx, grant.target_id, who.bindings, tenant.slug));
  if (target !== "customer") return over("target_gone", grantTenantId, grantId, who);
  return {
    acting: {
      grantId: grant.id,
      mode: grant.mode,
      as: { personId: grant.target_id, name: grant.target_name },
      reason: grant.reason,
      notAfter: grant.not_after as Date,
      leftMs: grant.left_ms ?? 0,
    },
    tenant,
  };
}

function over(why: End, tenantId: string, grantId: string, who: Asking): { over: Over } {
  const code = why === "binding" || why === "browser" ? "E_IMPERSONATION_BINDING" : "E_IMPERSONATION_ENDED";
  return { over: { code, end: { tenantId, grantId, why, by: who.personId } } };
}

/** By the database's clock: what this machine believes the time to be is never asked. */
function row(db: Db, who: Asking, tenantId: string, id: string): Promise<GrantRow | null> {
  return db.withTenant({ tenantId, actorId: who.personId, readOnly: true }, async (tx) => {
    const rows = await tx.$queryRaw<GrantRow[]>`SELECT id, actor_id, target_id, target_name, mode, reason, session_id,
      session_fp, secret_hash, agent_hash, started_at, not_after, ended_at,
      ended_at IS NULL AND clock_timestamp() < not_after AS runs,
      floor(extract(epoch FROM not_after - clock_timestamp()) * 1000)::float8 AS left_ms
      FROM impersonation_grant WHERE id = ${id}::uuid`;
    return rows[0] ?? null;
  });
}

export async function asTarget(
  tx: Tx,
  personId: string,
  bindings: readonly Binding[],
  tenantSlug: string,
): Promise<ReturnType<typeof standingAsTarget>> {
  const person = await tx.person.findUnique({ where: { id: personId }, select: { groups: true, disabledAt: true } });
  return person === null
    ? "stranger"
    : standingAsTarget(memberships(person.groups, bindings), person.disabledAt !== null, tenantSlug);
}
