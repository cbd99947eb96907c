import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { sqlStates } from "#lib/adapters/outage";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { tenantNamed } from "#lib/queries/tenant";

export interface Erased {
  /** Rows that went, by table. */
  rows: Record<string, number>;
}

/**
 * Everything of a tenant in one transaction, or nothing: the database's own function finds the tables, and asks itself
 * whether two people decided it. The log stays, without what people can read in it, and still proves itself.
 */
export const eraseTenant = defineDual({
  patient: true,
  command: defineCommand({
    action: "tenant.erase",
    input: z.strictObject({ tenantId: z.uuid("Choose a tenant.") }),
    tenant: () => PLATFORM_TENANT,
    async run({ tx, input: { tenantId } }) {
      const { slug, tier } = await tenantNamed(tx, tenantId);
      const approval = await tx.approval.findFirst({
        where: { action: "tenant.erase", target: `tenant:${tenantId}`, state: "executed" },
        orderBy: { decidedAt: "desc" },
      });
      const gone = await erase(
        () => tx.$queryRaw<{ tbl: string; rows_gone: bigint }[]>`
          SELECT tbl, rows_gone FROM app.erase_tenant(${tenantId}::uuid, ${approval?.id ?? null}::uuid)`,
      );
      const result: Erased = { rows: Object.fromEntries(gone.map((g) => [g.tbl, Number(g.rows_gone)])) };
      return { result, audit: { target: `tenant:${tenantId}`, body: { slug, tier, ...result } } };
    },
  }),
  async sentence({ tenantId }, tx) {
    const { name, slug } = await tenantNamed(tx, tenantId);
    return `Erase the tenant ${name} (${slug}) with everything in it`;
  },
  target: ({ tenantId }) => `tenant:${tenantId}`,
  async diff(tx, { tenantId }) {
    const { name, slug, tier } = await tenantNamed(tx, tenantId);
    return [
      {
        field: "Tenant",
        was: `${name} (${slug}), tier ${tier}`,
        will: "a row without a name, for the log to point to",
      },
      { field: "Servers, sinks, incidents, history, credentials", was: "kept", will: "deleted, for ever" },
      { field: "Its people's access", was: `by groups that name ${slug}`, will: "none" },
      { field: "Audit log", was: "kept", will: "kept and still provable, without what names people" },
    ];
  },
});

async function erase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!sqlStates(cause).includes("TG003")) throw cause;
    throw new TocsinError("E_STATE", "This tenant's log is under a legal hold: release it first.", { cause });
  }
}
