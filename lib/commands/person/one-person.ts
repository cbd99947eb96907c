import type { Tx } from "#lib/adapters/db";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";

/** Locked, so that two who change the same person take turns. @throws TocsinError E_NOT_FOUND, E_STATE for an emergency account */
export async function onePerson(tx: Tx, id: string) {
  await tx.$executeRaw`SELECT 1 FROM person WHERE id = ${id}::uuid FOR UPDATE`;
  const person = await tx.person.findUnique({ where: { id } });
  if (person === null) throw new TocsinError("E_NOT_FOUND", "There is no such person.");
  if (person.issuer === BREAK_GLASS_ISSUER)
    throw new TocsinError("E_STATE", "This is an emergency account: close it among the roles.");
  return person;
}
