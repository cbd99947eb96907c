import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** One place up or down; the default is asked last and does not move. */
export const movePolicy = defineCommand({
  action: "policy.change",
  auditAs: "policy.order",
  input: z.strictObject({ policyId: z.uuid(), direction: z.enum(["up", "down"]) }),
  async run({ tx, input: { policyId: id, direction }, actor: { tenantId } }) {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`policy:${tenantId}`}, 0))::text`;
    const rows = await tx.policy.findMany({
      where: { tenantId, removedAt: null, isDefault: false },
      orderBy: [{ position: "asc" }, { id: "asc" }],
      select: { id: true, name: true },
    });
    const at = rows.findIndex((row) => row.id === id);
    const moved = rows[at];
    if (moved === undefined)
      throw new TocsinError(
        "E_NOT_FOUND",
        "There is no such policy that could be moved: it may have been removed meanwhile.",
      );
    const other = rows[direction === "up" ? at - 1 : at + 1];
    const order = rows.map((row) => (row === moved ? (other ?? row) : row === other ? moved : row));
    for (const [position, row] of order.entries())
      await tx.policy.update({ where: { tenantId_id: { tenantId, id: row.id } }, data: { position } });
    await liveHint(tx, { tenant: tenantId, what: "policy", id });
    return {
      result: undefined,
      audit: { target: `policy:${id}`, body: { name: moved.name, direction, order: order.map((row) => row.name) } },
    };
  },
});
