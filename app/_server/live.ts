import "server-only";
import { databaseUrls } from "#lib/adapters/db";
import type { LiveHint } from "#lib/adapters/hint";
import { listen, type Listener } from "#lib/adapters/listen";

export type Hear = (hint: LiveHint | null) => void;

interface Hub {
  listener: Listener;
  hearers: Map<string, Set<Hear>>;
}
const held = globalThis as typeof globalThis & { tocsinLive?: Hub };

/**
 * Follows one tenant's changes over the process's single LISTEN connection.
 * @param hear called with null when something may have been missed (the connection came back)
 * @returns how to stop
 */
export function follow(tenantId: string, hear: Hear): () => void {
  held.tocsinLive ??= open();
  const hub = held.tocsinLive;
  const set = hub.hearers.get(tenantId) ?? new Set();
  hub.hearers.set(tenantId, set);
  set.add(hear);
  return () => {
    set.delete(hear);
    if (set.size === 0) hub.hearers.delete(tenantId);
  };
}

function open(): Hub {
  const hearers: Hub["hearers"] = new Map();
  const listener = listen(databaseUrls().app, ["tocsin_live"], (_, payload) => {
    const hint = parse(payload);
    if (hint === null) for (const set of hearers.values()) for (const hear of set) hear(null);
    else for (const hear of hearers.get(hint.tenant) ?? []) hear(hint);
  });
  return { listener, hearers };
}

function parse(payload: string): LiveHint | null {
  if (payload === "") return null;
  try {
    return JSON.parse(payload) as LiveHint;
  } catch {
    return null;
  }
}
