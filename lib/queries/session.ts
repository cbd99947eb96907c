// Who is behind a session's token. Only the token's SHA-256 is stored; the look-up is by hash, so nothing compares secrets.
import { createHash } from "node:crypto";
import type { Db, Tx } from "#lib/adapters/db";
import { type Binding, memberships } from "#lib/domain/bindings";
import { type Layer, layersIn } from "#lib/domain/permissions";
import { sessionHolds } from "#lib/domain/session";

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
}

/** null when the token is unknown, expired, idle too long, or its person disabled. */
export async function viewerOf(db: Db, token: string, now: Date): Promise<Viewer | null> {
  return db.global(async (tx) => {
    const session = await tx.session.findUnique({ where: { tokenHash: tokenHash(token) }, include: { person: true } });
    if (session === null || !sessionHolds(session, now)) return null;
    const person = session.person;
    if (person.disabledAt !== null) return null;
    const tenants = await tx.tenant.findMany({ orderBy: [{ isPlatform: "asc" }, { name: "asc" }] });
    const members = memberships(person.groups, await bindings(tx));
    const seats = tenants
      .map(({ id, slug, name, isPlatform }) => ({
        id,
        slug,
        name,
        isPlatform,
        layers: layersIn(members, { slug, isPlatform }),
      }))
      .filter((seat) => seat.layers.length > 0);
    const seat = seats.find((s) => s.id === session.currentTenantId) ?? seats[0] ?? null;
    return {
      sessionId: session.id,
      personId: person.id,
      name: person.name,
      email: person.email,
      seats,
      seat,
      lastSeenAt: session.lastSeenAt,
      authTime: session.authTime,
      acting: null,
    };
  });
}

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
