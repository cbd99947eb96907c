// NOTIFY inside the transaction: the hint leaves at commit and not without it.
import type { Channel } from "./listen.ts";
import type { Tx } from "./db.ts";
import { notifyAtCommit } from "./db-direct.ts";

/** What changed, for whoever looks at it live: ids only. */
export interface LiveHint {
  tenant: string;
  what: "server" | "incident" | "sink" | "delivery" | "request" | "silence" | "policy" | "approval" | "visit";
  id: string;
}

export async function hint(tx: Tx, channel: Exclude<Channel, "tocsin_live">): Promise<void> {
  if (notifyAtCommit(tx, channel, "")) return;
  await tx.$executeRaw`SELECT pg_notify(${channel}, '')`;
}

export async function liveHint(tx: Tx, live: LiveHint): Promise<void> {
  const payload = JSON.stringify(live);
  if (notifyAtCommit(tx, "tocsin_live", payload)) return;
  await tx.$executeRaw`SELECT pg_notify('tocsin_live', ${payload})`;
}
