// What a conversation has found so far, and how its parts are taken from answers: by shape, never by trust.
import type { Era } from "#lib/domain/outcome";
import { isRecord, MAX_TOOLS } from "#lib/domain/surface";
import { cleanText } from "#lib/domain/text";
import type { Call, Exchange, Wire } from "./wire.ts";

const MAX_PAGES = 100;
const MAX_LIST_BYTES = 8 * 1024 * 1024;

export interface Found {
  era: Era | null;
  protocolVersion: string | null;
  serverName: string | null;
  capabilities: Record<string, unknown> | null;
  tools: unknown[] | null;
  toolsTruncated: boolean;
  paginationLoop: boolean;
}

/** `name`: of the tool, prompt or resource that is asked for; the modern era says it in a header as well. */
export type How = Pick<Call, "phase" | "title" | "boundMs"> & { name?: string };

/** Speaks on in a conversation that is open, with whatever its era and its session want. */
export interface Speaker {
  /** The exchange is kept, in passing: what it means for the server is for whoever asked to say. */
  ask(method: string, params: Record<string, unknown>, how: How): Promise<Exchange>;
  /** Opens the stream on which a server speaks unasked, for so long; null where the era has none of that kind. */
  listen: ((boundMs: number) => Promise<{ step: Exchange["step"]; heard: boolean }>) | null;
}

/** Further questions after the handshake and the list, before the session ends. */
export type AfterList = (speaker: Speaker, wire: Wire, found: Found) => Promise<void>;

export interface Message {
  jsonrpc: "2.0";
  id: string;
  method: string;
  params: Record<string, unknown>;
  [more: string]: unknown;
}

/** Each request under an id of its own. */
export function speaker(
  wire: Wire,
  send: (message: Message, how: How) => Promise<Exchange>,
  listen: Speaker["listen"] = null,
): Speaker {
  let asked = 0;
  return {
    async ask(method, params, how) {
      asked += 1;
      const exchange = await send({ jsonrpc: "2.0", id: `more-${asked}`, method, params }, how);
      wire.keep(exchange, { aside: true });
      return exchange;
    },
    listen,
  };
}

export const nothingYet = (): Found => ({
  era: null,
  protocolVersion: null,
  serverName: null,
  capabilities: null,
  tools: null,
  toolsTruncated: false,
  paginationLoop: false,
});

export function resultOf(exchange: Exchange): Record<string, unknown> | null {
  return exchange.message && isRecord(exchange.message.result) ? exchange.message.result : null;
}

export function nameOf(info: unknown): string | null {
  if (!isRecord(info) || typeof info.name !== "string") return null;
  const version = typeof info.version === "string" ? ` ${info.version}` : "";
  return cleanText(`${info.name}${version}`, 200) || null;
}

/**
 * Asks for all pages, keeping each exchange that gave tools.
 * @returns the exchange that gave none, not yet kept: the caller knows what it means; null when the list is whole
 */
export async function listTools(
  wire: Wire,
  found: Found,
  ask: (params: { cursor?: string }, page: number) => Promise<Exchange>,
): Promise<Exchange | null> {
  const seen = new Set<string>();
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 1; ; page += 1) {
    const exchange = await ask(cursor === undefined ? {} : { cursor }, page);
    const result = resultOf(exchange);
    wire.timings.toolListMs = (wire.timings.toolListMs ?? 0) + exchange.step.durationMs;
    if (!result || !Array.isArray(result.tools)) {
      // Names no tools and knows no list of them: it has none, which is news of one that had some.
      if (page === 1 && !declaresTools(found) && refusesMethod(exchange)) found.tools = [];
      return exchange;
    }
    wire.keep(exchange);
    found.tools = [...(found.tools ?? []), ...result.tools];
    bytes += exchange.step.response?.bytes ?? 0;
    const next = result.nextCursor; // "" is a cursor; null and absent end the list.
    if (typeof next !== "string") break;
    if (seen.has(next) || page >= MAX_PAGES) found.paginationLoop = true;
    if (found.paginationLoop || found.tools.length >= MAX_TOOLS || bytes > MAX_LIST_BYTES) {
      found.toolsTruncated = true;
      break;
    }
    seen.add(next);
    cursor = next;
  }
  if (found.tools.length > MAX_TOOLS) {
    found.tools = found.tools.slice(0, MAX_TOOLS);
    found.toolsTruncated = true;
  }
  return null;
}

/** The one answer to a method that means the method, whatever the HTTP status beside it. */
export const refusesMethod = ({ message }: Exchange): boolean =>
  isRecord(message?.error) && message.error.code === -32601;

/** A server that does not say it has tools may refuse to list them. */
export function declaresTools(found: Found): boolean {
  return found.capabilities !== null && isRecord(found.capabilities.tools);
}
