// All vendors on this machine: one HTTP and one HTTPS server and a mail relay, on 127.0.0.1 only.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { now } from "../../adapters/clock.ts";
import { SINK_KINDS, type SinkBases, type SinkKind } from "../../sinks/sink.ts";
import { certificate } from "./certificate.ts";
import { discord } from "./discord.ts";
import { mailVendor } from "./mail.ts";
import { opsgenie } from "./opsgenie.ts";
import { pagerduty } from "./pagerduty.ts";
import { DEVELOPMENT_WEBHOOK_SECRET, receiver } from "./receiver.ts";
import { slack } from "./slack.ts";
import { type Call, type Fault, parsed, push, type Received, type Reply, text, type Vendor } from "./vendor.ts";

export { DEVELOPMENT_WEBHOOK_SECRET } from "./receiver.ts";
export type { Fault, Received } from "./vendor.ts";

export interface VendorsOptions {
  /** Folder for the authority's certificate. */
  caDir: string;
  httpPort?: number;
  httpsPort?: number;
  smtpPort?: number;
  /** Answers what no vendor has a path for (the inbox's page). */
  otherwise?: (req: IncomingMessage, res: ServerResponse) => void;
  onReceived?: (item: Received) => void;
}

export interface Vendors {
  bases: SinkBases;
  http: string;
  https: string;
  smtpUrl: string;
  webhookUrl: string;
  webhookSecret: string;
  caFile: string;
  /** Oldest first; the last 500. */
  received(kind: SinkKind): Received[];
  /** How many distinct calls to something new a person there would have got. */
  pages(kind: SinkKind): number;
  /** What a person sees there now, newest first. */
  shows(kind: SinkKind): unknown[];
  /** null ends the fault. */
  fault(kind: SinkKind, fault: Fault | null): void;
  stop(): Promise<void>;
}

/** First path part → vendor and what it sees as its own path. */
const PREFIXES: [RegExp, Exclude<SinkKind, "email">][] = [
  [/^\/opsgenie(\/(?:us|eu|jsm)\/.*)$/, "opsgenie"],
  [/^\/discord(\/.*)$/, "discord"],
  [/^\/slack(\/.*)$/, "slack"],
  [/^\/webhook(\/.*)?$/, "webhook"],
];

const MAX_BODY = 2 * 1024 * 1024;

export async function startVendors(options: VendorsOptions): Promise<Vendors> {
  const tls = await certificate(options.caDir);
  const vendors: Record<Exclude<SinkKind, "email">, Vendor> = {
    pagerduty: pagerduty(),
    opsgenie: opsgenie(),
    discord: discord(),
    slack: slack(),
    webhook: receiver(DEVELOPMENT_WEBHOOK_SECRET),
  };
  const faults = new Map<SinkKind, Fault>();
  const log = Object.fromEntries(SINK_KINDS.map((kind) => [kind, [] as Received[]])) as Record<SinkKind, Received[]>;
  let number = 0;

  function takeFault(kind: SinkKind): Fault | null {
    const fault = faults.get(kind) ?? null;
    if (fault?.times !== undefined && --fault.times <= 0) faults.delete(kind);
    return fault;
  }

  function note(kind: SinkKind, item: Omit<Received, "number" | "kind" | "at">): void {
    const entry: Received = { number: ++number, kind, at: now().toISOString(), ...item };
    push(log[kind], entry);
    options.onReceived?.(entry);
  }

  async function serve(
    kind: Exclude<SinkKind, "email">,
    path: string,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    const url = new URL(req.url ?? "/", "http://vendor");
    const call: Call = {
      method: req.method ?? "GET",
      path,
      query: url.searchParams,
      headers: req.headers as Call["headers"],
      body: await bodyOf(req),
    };
    const fault = takeFault(kind);
    const before = fault?.mode === "status" || fault?.mode === "reset_before" || fault?.mode === "blackhole";
    const reply: Reply | null =
      fault?.mode === "status"
        ? { status: fault.status, headers: fault.headers ?? {}, body: fault.body ?? "" }
        : before
          ? null
          : vendors[kind].answer(call);
    const body = parsed(call.body) ?? call.body.slice(0, 2000);
    const lost = fault !== null && fault.mode !== "status" && fault.mode !== "delay";
    note(kind, {
      method: call.method,
      path: call.path + url.search,
      body,
      key: keyOf(call.path, body),
      worked: !before && reply !== null && good(reply),
      status: lost ? null : (reply?.status ?? null),
    });
    if (fault?.mode === "reset_before" || fault?.mode === "reset_after") return void req.socket.destroy();
    if (fault?.mode === "blackhole" || fault?.mode === "silent_after") return;
    if (fault?.mode === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (reply) write(res, reply);
  }

  const plain = createServer((req, res) => {
    const path = new URL(req.url ?? "/", "http://vendor").pathname;
    for (const [prefix, kind] of PREFIXES) {
      const match = prefix.exec(path);
      if (match) return void serve(kind, match[1] ?? "/", req, res).catch(() => req.socket.destroy());
    }
    if (options.otherwise) return options.otherwise(req, res);
    res.writeHead(404).end();
  });
  const secure = createTlsServer({ key: tls.key, cert: tls.cert }, (req, res) => {
    const path = new URL(req.url ?? "/", "https://vendor").pathname;
    void serve("pagerduty", path, req, res).catch(() => req.socket.destroy());
  });
  const mail = await mailVendor({
    key: tls.key,
    cert: tls.cert,
    port: options.smtpPort ?? 0,
    fault: () => takeFault("email"),
    onMail: (m, worked, status) =>
      note("email", { method: "DATA", path: m.to.join(", "), body: m, key: m.key, worked, status }),
  });
  const httpPort = await listening(plain, options.httpPort ?? 0);
  const httpsPort = await listening(secure, options.httpsPort ?? 0);
  const http = `http://127.0.0.1:${httpPort}`;
  const smtpUrl = `smtp://127.0.0.1:${mail.port}`;
  const server = `127.0.0.1:${httpsPort}`;
  return {
    bases: {
      pagerduty: server,
      pagerdutyEu: server,
      opsgenieUs: `${http}/opsgenie/us`,
      opsgenieEu: `${http}/opsgenie/eu`,
      jsm: `${http}/opsgenie/jsm`,
      discord: `${http}/discord/api/v10`,
      slack: `${http}/slack/api`,
      slackHooks: `${http}/slack/hooks`,
      smtp: smtpUrl,
      mailFrom: "Tocsin <tocsin@tocsin.example>",
    },
    http,
    https: `https://${server}`,
    smtpUrl,
    webhookUrl: `${http}/webhook`,
    webhookSecret: DEVELOPMENT_WEBHOOK_SECRET,
    caFile: tls.caFile,
    received: (kind) => [...log[kind]].reverse(),
    pages: (kind) => (kind === "email" ? mail.pages() : vendors[kind].pages()),
    shows: (kind) => (kind === "email" ? mail.shows() : vendors[kind].shows()),
    fault(kind, fault) {
      if (fault) faults.set(kind, { ...fault });
      else faults.delete(kind);
    },
    async stop() {
      plain.closeAllConnections();
      secure.closeAllConnections();
      await Promise.all([mail.stop(), closed(plain), closed(secure)]);
    },
  };
}

const good = (reply: Reply) => reply.status < 300 && (reply.body as { ok?: unknown } | null)?.ok !== false;

/** The incident's key where a vendor's request carries it: in the body, or as the alias in the path. */
function keyOf(path: string, body: unknown): string {
  const given = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const alias = /\/alerts\/([^/]+)\//.exec(path)?.[1];
  const data = given["data"] as Record<string, unknown> | undefined;
  const own = text(given["dedup_key"]) || text(given["alias"]) || text(data?.["dedupKey"]);
  return (
    own ||
    (alias === undefined ? (/Tocsin · ([\w-]+)/.exec(JSON.stringify(body))?.[1] ?? "") : decodeURIComponent(alias))
  );
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of req) {
    size += (part as Buffer).length;
    if (size <= MAX_BODY) parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString("utf8");
}

function write(res: ServerResponse, reply: Reply): void {
  const json = typeof reply.body !== "string";
  res.writeHead(reply.status, { "content-type": json ? "application/json" : "text/plain", ...reply.headers });
  res.end(reply.status === 204 ? undefined : json ? JSON.stringify(reply.body) : (reply.body as string));
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));
