// Everybody that is known, with what their groups make of them today: computed, never stored.
import type { Tx } from "#lib/adapters/db";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { type Membership, memberships } from "#lib/domain/bindings";
import { bindings } from "./session.ts";

export interface PersonRow {
  id: string;
  name: string;
  email: string | null;
  groups: string[];
  /** "root operator", "operator of acme": what they are today. */
  layers: string[];
  kind: "person" | "emergency";
  state: "in" | "disabled" | "nothing";
  lastSeenAt: number;
  sessions: number;
}

export const MAX_PEOPLE = 5_000;

export async function people(tx: Tx, now: Date): Promise<PersonRow[]> {
  const bound = await bindings(tx);
  const rows = await tx.person.findMany({
    orderBy: [{ name: "asc" }, { id: "asc" }],
    take: MAX_PEOPLE,
    include: { _count: { select: { sessions: { where: { expiresAt: { gt: now } } } } } },
  });
  return rows.map((row) => {
    const layers = memberships(row.groups, bound).map(words);
    const off = row.disabledAt !== null;
    return {
      id: row.id,
      name: row.name,
      email: row.email,
      groups: row.groups,
      layers,
      kind: row.issuer === BREAK_GLASS_ISSUER ? "emergency" : "person",
      state: off ? "disabled" : layers.length === 0 ? "nothing" : "in",
      lastSeenAt: row.lastSeenAt.getTime(),
      sessions: row._count.sessions,
    };
  });
}

export interface PersonDetail {
  id: string;
  name: string;
  email: string | null;
  issuer: string;
  subject: string;
  directoryId: string | null;
  kind: "person" | "emergency";
  /** here: a root operator may let them in again; otherwise the directory has to. */
  disabled: { at: number; by: "person" | "directory"; reason: string | null; here: boolean } | null;
  knownSince: number;
  lastSeenAt: number;
  /** Each group with what it gives by the bindings; empty: nothing. */
  groups: { name: string; gives: string[] }[];
  layers: string[];
  sessions: { id: string; since: number; seenAt: number; address: string; userAgent: string }[];
}

export async function personDetail(tx: Tx, id: string, now: Date): Promise<PersonDetail | null> {
  const row = await tx.person.findUnique({
    where: { id },
    include: { sessions: { where: { expiresAt: { gt: now } }, orderBy: { createdAt: "desc" } } },
  });
  if (row === null) return null;
  const bound = await bindings(tx);
  const off =
    row.directoryId !== null &&
    (await tx.scimUser.count({ where: { externalId: row.directoryId, active: false } })) > 0;
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    issuer: row.issuer,
    subject: row.subject,
    directoryId: row.directoryId,
    kind: row.issuer === BREAK_GLASS_ISSUER ? "emergency" : "person",
    disabled:
      row.disabledAt === null
        ? null
        : {
            at: row.disabledAt.getTime(),
            by: row.disabledSource === "directory" ? "directory" : "person",
            reason: row.disabledReason,
            here: row.disabledSource !== "directory" || !off,
          },
    knownSince: row.createdAt.getTime(),
    lastSeenAt: row.lastSeenAt.getTime(),
    groups: [...row.groups].sort().map((name) => ({ name, gives: memberships([name], bound).map(words) })),
    layers: memberships(row.groups, bound).map(words),
    sessions: row.sessions.map((s) => ({
      id: s.id,
      since: s.createdAt.getTime(),
      seenAt: s.lastSeenAt.getTime(),
      address: s.address,
      userAgent: s.userAgent,
    })),
  };
}

function words({ layer, tenantSlug }: Membership): string {
  if (layer === "root") return "root operator";
  return tenantSlug === null ? layer : `${layer} of ${tenantSlug}`;
}
