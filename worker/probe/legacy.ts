// Up to 2025-11-25: initialize, notifications/initialized (awaited: servers list less without it), tools/list, DELETE.
// One probe is one session; a session lost on the way is asked for once more before it is called lost.
import { isRecord } from "#lib/domain/surface";
import { cleanText } from "#lib/domain/text";
import { CLIENT_INFO, LEGACY_VERSIONS, refusesInitialize } from "./era.ts";
import {
  type AfterList,
  declaresTools,
  type Found,
  listTools,
  nameOf,
  refusesMethod,
  resultOf,
  speaker,
} from "./found.ts";
import { listenFor } from "./listen.ts";
import type { Call, Exchange, Wire } from "./wire.ts";

const CLOSE_BOUND_MS = 3_000;

/** The session id is a secret of the connection and goes into one header; what no header can hold is left out. */
export const headerSafe = (value: string) => (/^[\x21-\x7e]{1,1024}$/.test(value) ? value : null);

export function initializeCall(id: string): Call & { body: { id: string } } {
  const params = { protocolVersion: LEGACY_VERSIONS[0], capabilities: {}, clientInfo: CLIENT_INFO };
  return {
    phase: "initialize",
    title: "POST initialize",
    method: "POST",
    body: { jsonrpc: "2.0", id, method: "initialize", params },
  };
}

/** Takes the handshake's answer. @returns the negotiated version's header value, or null when the talk ends here */
export function takeInitialize(found: Found, exchange: Exchange): string | null {
  const result = resultOf(exchange);
  if (!result) return null;
  found.serverName = nameOf(result.serverInfo);
  found.capabilities = isRecord(result.capabilities) ? result.capabilities : null;
  found.protocolVersion = typeof result.protocolVersion === "string" ? cleanText(result.protocolVersion, 40) : null;
  return LEGACY_VERSIONS.find((v) => v === result.protocolVersion) ?? null;
}

/**
 * @returns null when the talk is over and kept; otherwise the unkept answer to initialize and the way it points to
 */
export async function legacy(
  wire: Wire,
  found: Found,
  after?: AfterList,
): Promise<{ to: "modern" | "sse"; exchange: Exchange } | null> {
  for (const attempt of [1, 2]) {
    const first = await wire.send(initializeCall(`init-${attempt}`));
    const to = refusesInitialize(first);
    if (to !== null) return { to, exchange: first };
    wire.keep(first);
    if (resultOf(first)) found.era = "legacy";
    const version = takeInitialize(found, first);
    if (version === null) return null;
    const session = first.sessionId === null ? null : headerSafe(first.sessionId);
    const lost = await afterHandshake(wire, found, version, session, after);
    if (lost) wire.keep(lost, { aside: attempt === 1 });
    else if (session !== null) await endSession(wire, session, version);
    if (!lost) return null;
  }
  return null;
}

/** @returns the exchange in which the server no longer knew the session it had just given; null when all was kept */
async function afterHandshake(
  wire: Wire,
  found: Found,
  version: string,
  session: string | null,
  after: AfterList | undefined,
): Promise<Exchange | null> {
  const headers = { "mcp-protocol-version": version, ...(session !== null && { "mcp-session-id": session }) };
  const forgotten = (e: Exchange) => session !== null && (e.status === 400 || e.status === 404) && !refusesMethod(e);
  const note = await wire.send({
    phase: "initialized",
    title: "POST notifications/initialized",
    method: "POST",
    headers,
    body: { jsonrpc: "2.0", method: "notifications/initialized" },
  });
  if (forgotten(note)) return note;
  wire.keep(note);
  if (note.status === null || note.status >= 300) return null;
  const ask = (params: object, page: number) =>
    wire.send({
      phase: "list",
      title: page === 1 ? "POST tools/list" : `POST tools/list, page ${page}`,
      method: "POST",
      headers,
      body: { jsonrpc: "2.0", id: `list-${page}`, method: "tools/list", params },
    });
  const failed = await listTools(wire, found, ask);
  if (failed && forgotten(failed)) return failed;
  if (failed) wire.keep(failed, { aside: !declaresTools(found) && failed.message !== null });
  if (found.tools !== null)
    await after?.(
      speaker(
        wire,
        (body, { name: _name, ...how }) => wire.send({ ...how, method: "POST", headers, body }),
        (boundMs) => listenFor(wire, headers, boundMs),
      ),
      wire,
      found,
    );
  return null;
}

/** Without it some servers keep the session for ever. What they answer says nothing about them. */
export async function endSession(wire: Wire, session: string, version: string): Promise<void> {
  const headers = { "mcp-protocol-version": version, "mcp-session-id": session };
  wire.keep(
    await wire.send({
      phase: "close",
      title: "DELETE the session",
      method: "DELETE",
      headers,
      aside: true,
      boundMs: CLOSE_BOUND_MS,
    }),
    { aside: true },
  );
}
