import type { Tx } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import { isRecord } from "#lib/domain/surface";

/** @throws TocsinError E_NOT_FOUND: removed, unknown and another tenant's are one answer */
export async function liveCheck(tx: Tx, tenantId: string, id: string) {
  const row = await tx.extraCheck.findFirst({ where: { tenantId, id, removedAt: null } });
  if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such check; it may have been removed.");
  return row;
}

/** Of a server one test call at most is the one that its credential is tried with: the newest to say so is it. */
export async function onlyHealthTool(
  tx: Tx,
  serverId: string,
  settings: Record<string, unknown>,
  except: string | null,
): Promise<void> {
  if (settings.healthTool !== true) return;
  const others = await tx.extraCheck.findMany({
    where: { serverId, kind: "canary", removedAt: null, settings: { path: ["healthTool"], equals: true } },
  });
  for (const other of others) {
    if (other.id === except || !isRecord(other.settings)) continue;
    await tx.extraCheck.update({
      where: { tenantId_id: { tenantId: other.tenantId, id: other.id } },
      data: { settings: { ...other.settings, healthTool: false } as object },
    });
  }
}
