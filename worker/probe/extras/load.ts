// The extra checks of a batch's servers, in the transaction that loads the batch. Most tenants have none: then one
// question by the index says so, and nothing else is asked.
import type { Tx } from "#lib/adapters/db";
import { checkOf, type ExtraCheck } from "#lib/domain/extra-check/index";

export interface ServerExtras {
  checks: ExtraCheck[];
  allowedTools: string[];
}

/** Of one server at most as many as an outcome carries. */
export const MAX_CHECKS = 20;

export async function loadExtras(
  tx: Tx,
  tenantId: string,
  serverIds: readonly string[],
): Promise<Map<string, ServerExtras>> {
  const rows = await tx.extraCheck.findMany({
    where: { tenantId, serverId: { in: [...serverIds] }, removedAt: null, paused: false },
    orderBy: { createdAt: "asc" },
  });
  if (rows.length === 0) return new Map();
  const servers = [...new Set(rows.filter((r) => r.kind === "canary").map((r) => r.serverId))];
  const allowed =
    servers.length === 0
      ? []
      : await tx.allowedTool.findMany({
          where: { tenantId, serverId: { in: servers } },
          select: { serverId: true, tool: true },
        });
  return new Map(
    [...Map.groupBy(rows, (r) => r.serverId)].map(([serverId, own]) => [
      serverId,
      {
        checks: own.flatMap((row) => checkOf(row) ?? []).slice(0, MAX_CHECKS),
        allowedTools: allowed.filter((a) => a.serverId === serverId).map((a) => a.tool),
      },
    ]),
  );
}
