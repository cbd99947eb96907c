// A server's tools as their customer sees them.
import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { serverTools, type ToolsAsk } from "../server-tools.ts";

export async function portalTools(tx: Tx, serverId: string, ask: ToolsAsk) {
  const found = await serverTools(tx, serverId, ask);
  if (found === null) return null;
  const change = (row: (typeof found.changes)[number]) => show("portal", "toolChange", row);
  return {
    ...found,
    scopes: found.scopes.map((scope) => show("portal", "toolList", scope)),
    waiting: found.waiting.map(change),
    changes: found.changes.map(change),
  };
}
