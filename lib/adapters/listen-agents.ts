// The inbound door for agents: HTTP or HTTPS, POST and JSON only, every body bounded. What is asked is decided elsewhere.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface Asked {
  path: string;
  /** Without the word Bearer; "" when there is none. */
  bearer: string;
  /** Source address as the proxies in front of us saw it. */
  from: string;
  body: unknown;
  /** The caller has gone. */
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface AgentDoor {
  port: number;
  close(): Promise<void>;
}

export interface DoorOptions {
  port: number;
  host: string;
  tls?: { cert: string; key: string } | undefined;
  maxBody: number;
  trustedProxies: number;
  /** Asked before a byte of the body is read. @returns an answer to refuse with, or null */
  gate(from: string, bearer: string): Answer | null;
  answer(asked: Asked): Promise<Answer>;
}

export function openAgentDoor(options: DoorOptions): Promise<AgentDoor> {
  const handle: Parameters<typeof createServer>[1] = (request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const send = ({ status, body, headers }: Answer, close = false) => {
      if (response.destroyed) return;
      const text = JSON.stringify(body);
      response.writeHead(status, {
        "content-type": "application/json",
        "cache-control": "no-store",
        "content-length": Buffer.byteLength(text),
        ...(close && { connection: "close" }),
        ...headers,
      });
      response.end(text);
    };
    const from = sourceOf(request, options.trustedProxies);
    const bearer = /^Bearer ([\x21-\x7e]{1,200})$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const shut = request.method === "POST" ? options.gate(from, bearer) : refusal(405, "E_INVALID", "POST only.");
    if (shut) return send(shut, true);
    readJson(request, options.maxBody)
      .then((read) =>
        "refused" in read
          ? send(read.refused, true)
          : options.answer({ path: request.url ?? "", bearer, from, body: read.body, signal: gone.signal }).then(send),
      )
      .catch(() => send(refusal(503, "E_UNAVAILABLE", "Nothing can be done now: try again."), true));
  };
  const server: Server = options.tls
    ? createTlsServer({ ...options.tls, minVersion: "TLSv1.2" }, handle)
    : createServer(handle);
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 60_000;
  server.maxConnections = 1_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

export const refusal = (status: number, code: string, message: string): Answer => ({ status, body: { code, message } });

async function readJson(request: IncomingMessage, max: number): Promise<{ body: unknown } | { refused: Answer }> {
  const tooLarge = { refused: refusal(413, "E_TOO_LARGE", "Too much at once.") };
  if (Number(request.headers["content-length"] ?? 0) > max) return tooLarge;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > max) return tooLarge;
    parts.push(part);
  }
  try {
    return { body: JSON.parse(Buffer.concat(parts).toString("utf8")) };
  } catch {
    return { refused: refusal(400, "E_INVALID", "That is no JSON.") };
  }
}

/** Each of our own proxies adds the address that it saw at the right; what stands further left anybody may have written. */
function sourceOf(request: IncomingMessage, proxies: number): string {
  const direct = request.socket.remoteAddress ?? "";
  if (proxies === 0) return direct;
  const seen = String(request.headers["x-forwarded-for"] ?? "").split(",");
  return (seen.at(-proxies) ?? "").trim().slice(0, 60) || direct;
}
