// `npm run tocsin -- audit hold …`: while a tenant's log is under a legal hold, none of its months is dropped, however
// old. A file at the database, because who decides it stands outside the console; the tenant's own log says so.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { now } from "#lib/adapters/clock";
import { weakReason } from "#lib/domain/justification";
import { type Ledger, SHELL_ACTOR, typedBy } from "./ledger.ts";
import { Problem } from "./problem.ts";
import { tenantId } from "./tenants.ts";

/** @throws Problem for an unknown tenant, a weak reason, or a hold that is there already */
export async function placeHold(ledger: Ledger, slug: string, reason: string): Promise<void> {
  const weak = weakReason(reason);
  if (weak !== null) throw new Problem(weak);
  await inLog(ledger, slug, reason, "audit.hold_placed", async (tx, tenant, at) => {
    const placed = await tx.$executeRaw`INSERT INTO audit.hold (tenant_id, id, reason, placed_at)
      SELECT ${tenant}::uuid, ${randomUUID()}::uuid, ${reason.trim().slice(0, 500)}, ${at}
      WHERE NOT EXISTS (SELECT 1 FROM audit.hold WHERE tenant_id = ${tenant}::uuid AND released_at IS NULL)`;
    if (placed === 0) throw new Problem(`The log of ${slug} is under a hold already.`);
  });
}

/** @throws Problem for an unknown tenant, a weak reason, or where no hold is */
export async function releaseHold(ledger: Ledger, slug: string, reason: string): Promise<void> {
  const weak = weakReason(reason);
  if (weak !== null) throw new Problem(weak);
  await inLog(ledger, slug, reason, "audit.hold_released", async (tx, tenant, at) => {
    const released = await tx.$executeRaw`UPDATE audit.hold SET released_at = ${at}
      WHERE tenant_id = ${tenant}::uuid AND released_at IS NULL`;
    if (released === 0) throw new Problem(`The log of ${slug} is under no hold.`);
  });
}

type Tx = Parameters<Parameters<Ledger["owner"]["withTenant"]>[1]>[0];

async function inLog(
  ledger: Ledger,
  slug: string,
  why: string,
  action: string,
  work: (tx: Tx, tenant: string, at: Date) => Promise<void>,
): Promise<void> {
  const tenant = await tenantId(ledger, slug);
  const context = { tenantId: tenant, actorId: SHELL_ACTOR, trace: { why: why.trim() }, evenErased: true };
  await ledger.owner.withTenant(context, async (tx) => {
    await tx.$executeRaw`SET LOCAL ROLE tocsin_owner`;
    await work(tx, tenant, now());
    await audit(tx, context, { action, target: `tenant:${tenant}`, body: { by: "command line" }, ...typedBy() });
  });
}
