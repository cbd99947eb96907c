// `npm run tocsin -- allow …`: named private ranges that a tenant's probes and sinks may reach. Only whoever holds the
// installation's own settings, or a root operator, can name one; each naming and taking back is in the tenant's audit log.
import { audit } from "#lib/adapters/audit";
import { now } from "#lib/adapters/clock";
import type { Asked } from "#lib/commands/approval/ask";
import { cleanText } from "#lib/domain/text";
import { type Ledger, SHELL_ACTOR, typedBy } from "./ledger.ts";
import { Problem } from "./problem.ts";
import { PLATFORM, tenantId } from "./tenants.ts";

export interface AllowanceRow {
  id: string;
  cidr: string;
  portFrom: number;
  portTo: number;
  reason: string;
  createdAt: Date;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Asks for it, as the console does: where two root operators are known they decide, else it is done at once and said so.
 * @throws TocsinError for the range, the reason or what is allowed or asked for already; Problem for the tenant
 */
export async function allow(
  ledger: Ledger,
  given: { tenant: string; cidr: string; ports?: string | undefined; reason: string },
): Promise<Asked> {
  // Only now: before the first start there is no client that it could load.
  const { askFor } = await import("#lib/commands/approval/ask");
  const actor = {
    personId: SHELL_ACTOR,
    name: "the command line",
    tenantId: PLATFORM,
    layers: ["root"],
    from: `command line, account ${typedBy().personal.body.account}`,
    authTime: now(),
  } as const;
  const input = { tenantId: await tenantId(ledger, given.tenant), cidr: given.cidr, ports: given.ports ?? "" };
  return askFor(ledger.app, "address.allow", actor, input, cleanText(given.reason, 300));
}

/** What is allowed now, oldest first. */
export async function listAllowances(ledger: Ledger, tenant: string): Promise<AllowanceRow[]> {
  const id = await tenantId(ledger, tenant);
  const select = { id: true, cidr: true, portFrom: true, portTo: true, reason: true, createdAt: true };
  return ledger.app.withTenant({ tenantId: id, actorId: SHELL_ACTOR, readOnly: true }, (tx) =>
    tx.addressAllowance.findMany({ where: { revokedAt: null }, select, orderBy: { createdAt: "asc" } }),
  );
}

/** Takes one back; the next probe and the next delivery no longer reach it. @throws Problem when there is none of this id */
export async function revoke(ledger: Ledger, id: string): Promise<AllowanceRow> {
  const none = new Problem(
    "There is no allowance of this id that still holds: see `npm run tocsin -- allow list <tenant>`.",
  );
  if (!UUID.test(id)) throw none;
  // An id names its row, not its tenant, and row security shows one tenant at a time.
  const tenants = await ledger.app.global((tx) => tx.tenant.findMany({ select: { id: true } }));
  for (const tenant of tenants) {
    const context = { tenantId: tenant.id, actorId: SHELL_ACTOR };
    const row = await ledger.app.withTenant(context, async (tx) => {
      const there = await tx.addressAllowance.findFirst({ where: { id, revokedAt: null } });
      const { count } = await tx.addressAllowance.updateMany({
        where: { id, revokedAt: null },
        data: { revokedAt: now() },
      });
      if (there === null || count === 0) return null;
      const { cidr, portFrom, portTo } = there;
      await audit(tx, context, {
        action: "address.revoke",
        target: `allowance:${id}`,
        body: { cidr, portFrom, portTo, by: "command line" },
        ...typedBy(),
      });
      return there;
    });
    if (row !== null) return row;
  }
  throw none;
}
