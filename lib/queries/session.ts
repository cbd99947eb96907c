// Who is behind a session's token. Only the token's SHA-256 is stored; the look-up is by hash, so nothing compares secrets.
import { createHash } from "node:crypto";
import type { Db, Tx } from "#lib/adapters/db";
import { type Binding, type Membership, memberships } from "#lib/domain/bindings";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { type Layer, layersIn } from "#lib/domain/permissions";
import { sessionHolds } from "#lib/domain/session";
import { type Over, visitNow, type VisitTenant } from "./visit.ts";
import type { Shown } from "./visit-key.ts";

export function tokenHash(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash("sha256").update(token).digest());
}

export interface TenantSeat {
  id: string;
  slug: string;
  name: string;
  isPlatform: boolean;
  layers: Layer[];
}

export interface Viewer {
  sessionId: string;
  personId: string;
  name: string;
  email: string | null;
  /** Tenants this person has a layer in, their own ones first. */
  seats: TenantSeat[];
  /** Where they look now; null when they have no seat anywhere. */
  seat: TenantSeat | null;
  lastSeenAt: Date;
  authTime: Date | null;
  /** Signed in at the emergency door: no identity provider can be asked who they are. */
  emergency: boolean;
  /** Set while this person looks into a tenant as one of its people; `seat` is then that person's. */
  acting: Acting | null;
}

/** A visit that runs: delegation, so the viewer stays who they are. */
export interface Acting {
  grantId: string;
  mode: "ro" | "rw";
  as: { personId: string; name: string };
  reason: string;
  /** When it ends, by the database's clock. */
  notAfter: Date;
  /** How long that is from now, by the same clock. */
  leftMs: number;
}

/** What a request's cookies amount to. With `over` there is no viewer: nothing is served until its end is written. */
export interface Standing {
  viewer: Viewer | null;
  over: Over | null;
}

/** null when the token is unknown, expired, idle too long, its person disabled, or the visit it shows is over. */
export async function viewerOf(db: Db, token: string, now: Date, shown: Shown | null = null): Promise<Viewer | null> {
  return (await standingOf(db, token, now, shown)).viewer;
}

/** @param shown what binds a visit to its browser; without it a session that makes a visit opens nothing */
export async function standingOf(db: Db, token: string, now: Date, shown: Shown | null = null): Promise<Standing> {
  const found = await db.global(async (tx) => {
    const session = await tx.session.findUnique({ where: { tokenHash: tokenHash(token) }, include: { person: true } });
    if (session === null) return null;
    const tenants = await tx.tenant.findMany({ orderBy: [{ isPlatform: "asc" }, { name: "asc" }] });
    return { session, tenants, bound: await bindings(tx) };
  });
  if (found === null) return { viewer: null, over: null };
  const { session, tenants, bound } = found;
  const { person, grantId, grantTenantId } = session;
  const disabled = person.disabledAt !== null;
  if (disabled || !sessionHolds(session, now)) {
    if (grantId === null || grantTenantId === null) return { viewer: null, over: null };
    // The visit goes with its session.
    const end = {
      tenantId: grantTenantId,
      grantId,
      by: person.id,
      why: disabled ? "disabled" : "session_over",
    } as const;
    return { viewer: null, over: { code: "E_IMPERSONATION_ENDED", end } };
  }
  const members = memberships(person.groups, bound);
  const asking = {
    sessionId: session.id,
    personId: person.id,
    members,
    bindings: bound,
    tenants,
    grantTenantId,
    grantId,
  };
  const visit = await visitNow(db, asking, shown);
  if (visit !== null && "over" in visit) return { viewer: null, over: visit.over };
  const seats: TenantSeat[] =
    visit === null ? seatsOf(tenants, members) : [{ ...seatIn(visit.tenant), layers: ["customer"] }];
  return {
    viewer: {
      sessionId: session.id,
      personId: person.id,
      name: person.name,
      email: person.email,
      seats,
      seat: seats.find((s) => s.id === session.currentTenantId) ?? seats[0] ?? null,
      lastSeenAt: session.lastSeenAt,
      authTime: session.authTime,
      emergency: person.issuer === BREAK_GLASS_ISSUER,
      acting: visit === null ? null : visit.acting,
    },
    over: null,
  };
}

const seatIn = ({ id, slug, name, isPlatform }: VisitTenant) => ({ id, slug, name, isPlatform });

const seatsOf = (tenants: readonly VisitTenant[], members: readonly Membership[]): TenantSeat[] =>
  tenants
    .map((tenant) => ({ ...seatIn(tenant), layers: layersIn(members, tenant) }))
    .filter((seat) => seat.layers.length > 0);

export function personByIdentity(db: Db, issuer: string, subject: string): Promise<{ id: string } | null> {
  return db.global((tx) =>
    tx.person.findUnique({ where: { issuer_subject: { issuer, subject } }, select: { id: true } }),
  );
}

/** Which groups stand for which layer, as they are bound now. */
export async function bindings(tx: Tx): Promise<Binding[]> {
  const rows = await tx.roleBinding.findMany({
    where: { removedAt: null },
    select: { pattern: true, layer: true, tenantSlug: true },
  });
  return rows as Binding[];
}
