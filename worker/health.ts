// /live: this process turns. /ready: every duty it owes has succeeded lately and it is not draining. Apart, because
// restarting a process does not mend a database that is away.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { monotonicMs } from "#lib/adapters/clock";
import type { DutyState } from "./duty.ts";

export interface Health {
  port: number;
  close(): Promise<void>;
}

export interface Readiness {
  ready: boolean;
  draining: boolean;
  /** Duties without a recent success, with how long it has been. */
  stale: { name: string; forS: number; lastError: string | null }[];
}

export function readiness(states: readonly DutyState[], draining: boolean, at = monotonicMs()): Readiness {
  const stale = states
    .filter((s) => !s.elsewhere && at - s.lastBeat > s.staleMs)
    .map((s) => ({ name: s.name, forS: Math.round((at - s.lastBeat) / 1000), lastError: s.lastError }));
  return { ready: !draining && stale.length === 0, draining, stale };
}

/** @param seen takes the id of a self-test that has come to its end */
export function serveHealth(
  port: number,
  check: () => Readiness,
  seen: (id: string) => Promise<void> = async () => {},
): Promise<Health> {
  const server: Server = createServer((request, response) => {
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(`${JSON.stringify(body)}\n`);
    };
    if (request.method === "POST" && request.url === "/selftest") {
      bodyOf(request)
        .then(seen)
        .then(() => response.writeHead(204).end())
        .catch(() => send(503, { error: "the self-test could not be written down" }));
      return;
    }
    if (request.method !== "GET") return send(405, { error: "GET only" });
    if (request.url === "/live") return send(200, { live: true });
    if (request.url === "/ready") {
      const r = check();
      return send(r.ready ? 200 : 503, r);
    }
    return send(404, { error: "only /live and /ready are here" });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve({
        port: typeof address === "object" && address ? address.port : port,
        close: () =>
          new Promise((done) => {
            server.closeAllConnections();
            server.close(() => done());
          }),
      });
    });
  });
}

/** The id in it; whatever is no self-test of ours names none. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) {
    text += String(part);
    if (text.length > 1_000) break;
  }
  const id: unknown = (JSON.parse(text) as { id?: unknown }).id;
  return typeof id === "string" && /^[0-9a-f-]{36}$/.test(id) ? id : "";
}
