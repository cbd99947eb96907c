// The console's own server around Next: where a request comes from is read from the connection, what a client says in
// its place is dropped, too much is refused before it is read, and a change from a foreign page never reaches a page.
import "./assert-node.ts";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import next from "next";
import { readEnv } from "#lib/adapters/env";
import { openKeyStores, storeFits } from "#lib/adapters/secrets/stores";
import { send } from "#lib/adapters/send";
import { foreign, trustNothing } from "./console/incoming.ts";
import { CHECKOUT } from "./places.ts";
import { messageOf } from "./problem.ts";

/** More than any form here holds, and little enough to read at once. */
const MAX_BODY_BYTES = 256 * 1024;
/** Other monitors send many alerts at once, and drop what is refused. */
const MAX_ALERT_BYTES = 2 * 1024 * 1024;
const ALERTS = /^\/api\/(v2\/alerts|hooks\/alertmanager)(\?|$)/;
type Refusal = readonly [status: number, code: string, title: string];
const TOO_LARGE: Refusal = [413, "E_TOO_LARGE", `Send at most ${MAX_BODY_BYTES / 1024} KiB at once.`];
const MAX_URL = 8_192;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const DRAIN_MS = 2_500;
const DISCARD_BYTES = 16 * 1024 * 1024;
const DISCARD_MS = 2_000;

const { values } = parseArgs({ options: { host: { type: "string" }, port: { type: "string" } } });
const port = Number(values.port ?? 3000);
const host = values.host ?? "127.0.0.1";

let settings: ReturnType<typeof readEnv>;
try {
  settings = readEnv(); // A missing or weak secret ends it here, before anything listens.
  await storeFits(openKeyStores(settings, send));
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
const trust = { url: new URL(settings.TOCSIN_URL), proxies: settings.TOCSIN_TRUSTED_PROXIES };
process.env.NEXTAUTH_URL = settings.TOCSIN_URL;

const app = next({ dev: false, dir: CHECKOUT, hostname: host, port, quiet: true });
const handle = app.getRequestHandler();

function serve(request: IncomingMessage, response: ServerResponse): void {
  trustNothing(request.headers, request.socket.remoteAddress, trust);
  const { method = "GET", url = "/", headers } = request;
  const refusal: Refusal | null = !METHODS.has(method)
    ? [405, "E_INVALID", "This method is not known here."]
    : url.length > MAX_URL
      ? [414, "E_TOO_LARGE", "This address is too long."]
      : Number(headers["content-length"] ?? 0) > maxBytes(url)
        ? TOO_LARGE
        : null;
  if (refusal !== null) {
    refuse(response, ...refusal);
    discard(request, response);
    return;
  }
  countBody(request, response);
  const path = url.split("?", 1)[0] ?? "/";
  if (foreign({ method, path, headers }, trust.url.origin)) {
    headers["x-tocsin-refused"] = path.slice(0, 200);
    delete headers["next-action"];
    request.url = "/api/origin";
  }
  void handle(request, response);
}

const maxBytes = (url: string): number => (ALERTS.test(url) ? MAX_ALERT_BYTES : MAX_BODY_BYTES);

/** A body without a length is counted as it comes: the parser hands its pieces to push. */
function countBody(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  const most = maxBytes(request.url ?? "/");
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    bytes += chunk?.length ?? 0;
    if (bytes <= most) return push(chunk, encoding);
    if (!response.headersSent) {
      refuse(response, ...TOO_LARGE);
      response.end();
    }
    request.destroy();
    return false;
  };
}

function refuse(response: ServerResponse, status: number, code: string, title: string): void {
  const body = JSON.stringify({ type: "about:blank", title, status, code });
  response
    .writeHead(status, {
      "content-type": "application/problem+json",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      connection: "close",
    })
    .write(body);
}

/**
 * Reads what is still on its way and throws it away, for a moment and up to a bound, and closes then: closed over it,
 * whoever sends would see a reset and never the answer.
 */
function discard(request: IncomingMessage, response: ServerResponse): void {
  let left = DISCARD_BYTES;
  const close = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(close, DISCARD_MS);
  request.once("end", close).once("close", close);
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) close();
  });
}

await app.prepare();
const server = createServer(
  {
    requestTimeout: 60_000,
    headersTimeout: 15_000,
    keepAliveTimeout: 65_000,
    // Nothing here speaks anything but HTTP: a wish for it is answered as if it were not there.
    ...{ shouldUpgradeCallback: () => false },
  },
  serve,
);
server.listen(port, host);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeIdleConnections();
  // Live streams end only when somebody ends them.
  setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
  await new Promise<void>((resolve) => server.once("close", resolve));
  await app.close().catch(() => {});
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
