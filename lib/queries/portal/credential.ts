import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { serverCredential } from "../credential.ts";

/** How a server is signed in to, as its customer sees it: of each row what the field table lets out. */
export async function portalCredential(tx: Tx, serverId: string) {
  const page = await serverCredential(tx, serverId);
  if (page === null) return null;
  return {
    ...page,
    server: show("portal", "server", page.server),
    stored: page.stored.map(({ city, ...row }) => ({ city, ...show("portal", "credential", row) })),
    walls: page.walls.map((wall) => show("portal", "wall", wall)),
  };
}
