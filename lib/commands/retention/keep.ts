// What both verbs write: a row a tenant, in whole days.
import type { Tx } from "#lib/adapters/db";
import type { Actor } from "#lib/commands/command";
import type { Retention } from "#lib/domain/retention";

export async function keep(tx: Tx, actor: Actor, wanted: Retention, now: Date): Promise<void> {
  const row = { ...wanted, updatedBy: actor.personId, updatedAt: now };
  await tx.tenantRetention.upsert({
    where: { tenantId: actor.tenantId },
    create: { tenantId: actor.tenantId, ...row },
    update: row,
  });
}
