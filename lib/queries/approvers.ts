// Who could decide, as the rows say now: people's groups, and what groups stand for.
import type { Tx } from "#lib/adapters/db";
import { memberships } from "#lib/domain/bindings";
import { type Action, type Layer, layersIn, may } from "#lib/domain/permissions";
import { EMERGENCY_ISSUER, type Known } from "#lib/domain/approval";
import { bindings } from "./session.ts";

export interface KnownPerson extends Known {
  name: string;
  layers: Layer[];
}

/** Everybody that is known, with what they may in this tenant; disabled people included. */
export async function knownPeople(tx: Tx, action: Action, tenantId: string): Promise<KnownPerson[]> {
  const tenant = await tx.tenant.findUniqueOrThrow({
    where: { id: tenantId },
    select: { slug: true, isPlatform: true },
  });
  const bound = await bindings(tx);
  const people = await tx.person.findMany({
    select: { id: true, name: true, issuer: true, groups: true, disabledAt: true },
    orderBy: { name: "asc" },
  });
  return people.map(({ groups, ...person }) => {
    const layers = layersIn(memberships(groups, bound), tenant);
    return { ...person, layers, may: may(layers, action) };
  });
}

/**
 * One line for all who count who could decide, and for all who change that: held until the transaction ends, so that
 * nobody is waived while the second person is being let in.
 */
export async function lockDeciders(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(7270740)`;
}

/**
 * Who made this emergency account, and who made the one that made it: they saw its secret, so what it asks for may be
 * their own question. Nobody for an account of the identity provider.
 */
export async function makersOf(tx: Tx, personId: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE makers AS (
      SELECT b.created_by AS id FROM person p JOIN break_glass b ON b.id::text = p.subject
        WHERE p.id = ${personId}::uuid AND p.issuer = ${EMERGENCY_ISSUER}
      UNION SELECT b.created_by FROM makers m JOIN person p ON p.id = m.id AND p.issuer = ${EMERGENCY_ISSUER}
        JOIN break_glass b ON b.id::text = p.subject)
    SELECT id::text AS id FROM makers`;
  return rows.map((row) => row.id);
}
