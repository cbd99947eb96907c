// 2026-07-28: no handshake, no session; every request carries its version, method and client in headers and _meta.
import { isRecord } from "#lib/domain/surface";
import { cleanText } from "#lib/domain/text";
import { CLIENT_INFO, LEGACY_VERSIONS, MODERN_VERSION, versionDispute } from "./era.ts";
import { type AfterList, declaresTools, type Found, listTools, nameOf, resultOf, speaker } from "./found.ts";
import { endSession, initializeCall } from "./legacy.ts";
import type { Call, Exchange, Wire } from "./wire.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
  "io.modelcontextprotocol/clientInfo": CLIENT_INFO,
  "io.modelcontextprotocol/clientCapabilities": {},
};
/** Looking for the second era must not make the first one late. */
const DUAL_BOUND_MS = 5_000;

function call(
  method: string,
  id: string,
  params: Record<string, unknown>,
  rest: Pick<Call, "phase" | "title" | "boundMs">,
  name?: string,
): Call {
  return {
    ...rest,
    method: "POST",
    headers: {
      "mcp-protocol-version": MODERN_VERSION,
      "mcp-method": method,
      ...(name !== undefined && { "mcp-name": headerValue(name) }),
    },
    body: { jsonrpc: "2.0", id, method, params: { ...params, _meta: META } },
  };
}

/** What no header can hold travels as the specification says: base64 between marks. */
function headerValue(text: string): string {
  const plain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return plain ? text : `=?base64?${Buffer.from(text, "utf8").toString("base64")}?=`;
}

export function discover(wire: Wire): Promise<Exchange> {
  return wire.send(call("server/discover", "discover-1", {}, { phase: "discover", title: "POST server/discover" }));
}

/** Goes on after server/discover was answered as a modern server does. */
export async function modern(
  wire: Wire,
  found: Found,
  first: Exchange,
  lookForLegacy: boolean,
  after?: AfterList,
): Promise<void> {
  found.era = "modern";
  let discovered = first;
  const dispute = versionDispute(discovered);
  if (dispute === "mutual") {
    wire.keep(discovered, { aside: true });
    discovered = await discover(wire);
  }
  wire.keep(discovered);
  const result = resultOf(discovered);
  if (!result) return;
  const meta = isRecord(result._meta) ? result._meta : {};
  found.serverName = nameOf(meta["io.modelcontextprotocol/serverInfo"]) ?? nameOf(result.serverInfo);
  found.capabilities = isRecord(result.capabilities) ? result.capabilities : null;
  const versions = Array.isArray(result.supportedVersions) ? result.supportedVersions : [];
  found.protocolVersion = versions.includes(MODERN_VERSION)
    ? MODERN_VERSION
    : cleanText(typeof versions[0] === "string" ? versions[0] : "", 40) || null;
  if (found.protocolVersion !== MODERN_VERSION) return;
  const failed = await listTools(wire, found, (params, page) =>
    wire.send(
      call("tools/list", `list-${page}`, params, {
        phase: "list",
        title: page === 1 ? "POST tools/list" : `POST tools/list, page ${page}`,
      }),
    ),
  );
  if (failed) wire.keep(failed, { aside: !declaresTools(found) && failed.message !== null });
  if (found.tools !== null)
    await after?.(
      speaker(wire, ({ method, id, params }, { name, ...how }) => wire.send(call(method, id, params, how, name))),
      wire,
      found,
    );
  // Whoever disputed our version has said which ones it speaks: there is nothing left to find out.
  if (lookForLegacy && dispute === null && found.tools !== null) await findDual(wire, found);
}

async function findDual(wire: Wire, found: Found): Promise<void> {
  const exchange = await wire.send({
    ...initializeCall("dual-1"),
    title: "POST initialize (is the older era spoken too?)",
    aside: true,
    boundMs: DUAL_BOUND_MS,
  });
  wire.keep(exchange, { aside: true });
  const version = resultOf(exchange)?.protocolVersion;
  if ((LEGACY_VERSIONS as readonly unknown[]).includes(version)) found.era = "dual";
  if (exchange.sessionId !== null)
    await endSession(wire, exchange.sessionId, typeof version === "string" ? version : LEGACY_VERSIONS[0]);
}
