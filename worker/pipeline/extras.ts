// The latest word on each extra check, beside the verdict, for the console. Nothing is written for servers without any.
import type { Tx } from "#lib/adapters/db";
import { foldExtras } from "#lib/domain/extra-check/fold";
import type { SealedSlot } from "#lib/domain/verdict";

/** The server's row is locked by the caller. */
export async function keepExtras(tx: Tx, sealed: SealedSlot): Promise<void> {
  const folded = foldExtras(sealed);
  if (folded === null) return;
  const json = JSON.stringify(folded).replaceAll("\\u0000", "\\ufffd");
  await tx.$executeRaw`UPDATE server_now SET extras = ${json}::jsonb
    WHERE tenant_id = app.tenant() AND server_id = ${sealed.serverId}::uuid`;
}
