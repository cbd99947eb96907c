// The one guarded door to the outside: every outgoing socket of the product is opened here or in http-connect.ts,
// and each is checked at connect time after resolution. No proxy environment, no keep-alive across policies.
import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Agent, type buildConnector } from "undici";
import { type AddressPolicy, addressAllowed, blocked, portAllowed, someAllowance } from "./http-address.ts";
import { type ConnectOptions, connectGuarded } from "./http-connect.ts";

export { type AddressPolicy, type BlockClass, blocked } from "./http-address.ts";
export { ConnectError, type ConnectPhase, type PhaseEnd } from "./http-connect.ts";

const LOCAL_NAME = /(^|\.)(localhost|internal|local|localdomain|home\.arpa)$/;
const MAX_URL = 2048;

/** One fresh agent per probe or delivery; close or destroy it afterwards. */
export interface DispatcherOptions
  extends Partial<Pick<ConnectOptions, "ca" | "clientCertificate" | "onPhase" | "resolve">> {
  connectTimeoutMs?: number;
  /** Decoded or not, an answer's head may not exceed 16 KiB. */
  headersTimeoutMs?: number;
  bodyTimeoutMs?: number;
  /** How long an idle connection is kept for the next request; absent: the agent serves one and is ended. */
  keptMs?: number;
}

/**
 * Judges a URL by its text, before anything is resolved. Connecting checks the addresses again.
 * @throws TocsinError E_URL_BLOCKED; `detail` is the BlockClass
 */
export function assertUrlAllowed(url: string | URL, policy: AddressPolicy): URL {
  const text = String(url);
  if (text.length > MAX_URL) throw blocked("length");
  const parsed = URL.parse(text);
  if (parsed === null || parsed.hostname === "") throw blocked("syntax");
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw blocked("scheme");
  if (parsed.username !== "" || parsed.password !== "") throw blocked("userinfo");
  const port = portOf(parsed);
  if (!portAllowed(port)) throw blocked("port");
  assertHost(parsed.hostname, port, policy);
  return parsed;
}

export function guardedDispatcher(policy: AddressPolicy, options: DispatcherOptions = {}): Agent {
  const connect: buildConnector.connector = ({ hostname, port, protocol }, done) => {
    const tls = protocol === "https:";
    const target = { host: hostname, port: Number(port) || (tls ? 443 : 80), tls };
    open(policy, target, options).then(
      (socket) => done(null, socket),
      (err) => done(err, null),
    );
  };
  return new Agent({
    connect,
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: 16 * 1024,
    ...(options.keptMs === undefined ? {} : { keepAliveTimeout: options.keptMs, keepAliveMaxTimeout: options.keptMs }),
    headersTimeout: options.headersTimeoutMs ?? 30_000,
    bodyTimeout: options.bodyTimeoutMs ?? 30_000,
  });
}

/** For clients that speak through node:https only. */
export function guardedHttpsAgent(
  policy: AddressPolicy,
  options: Pick<DispatcherOptions, "ca" | "resolve" | "connectTimeoutMs"> = {},
): HttpsAgent {
  return new GuardedAgent(policy, options);
}

/** A socket for protocols other than HTTP (SMTP, syslog); the caller may start TLS on a plain one. Ports are the operator's choice. */
export async function guardedSocket(
  policy: AddressPolicy,
  target: { host: string; port: number; timeoutMs: number; tls?: boolean } & Partial<
    Pick<ConnectOptions, "ca" | "resolve">
  >,
): Promise<Socket> {
  assertHost(target.host, target.port, policy);
  return connectGuarded(policy, { ...target, tls: target.tls ?? false });
}

class GuardedAgent extends HttpsAgent {
  readonly #policy: AddressPolicy;
  readonly #options: DispatcherOptions;
  constructor(policy: AddressPolicy, options: DispatcherOptions) {
    super({ keepAlive: false });
    this.#policy = policy;
    this.#options = options;
  }
  override createConnection(
    given: AgentOptions & { host?: string; port?: number | string },
    done?: (err: Error | null, socket: Duplex) => void,
  ): undefined {
    const target = { host: given.host ?? "", port: Number(given.port) || 443, tls: true };
    open(this.#policy, target, this.#options).then(
      (socket) => done?.(null, socket),
      (err) => done?.(err, undefined as never),
    );
  }
}

async function open(
  policy: AddressPolicy,
  target: { host: string; port: number; tls: boolean },
  options: DispatcherOptions,
): Promise<Socket> {
  if (!portAllowed(target.port)) throw blocked("port");
  assertHost(target.host, target.port, policy);
  return connectGuarded(policy, {
    ...target,
    timeoutMs: options.connectTimeoutMs ?? 5_000,
    ca: options.ca,
    clientCertificate: options.clientCertificate,
    onPhase: options.onPhase,
    resolve: options.resolve,
  });
}

function assertHost(host: string, port: number, policy: AddressPolicy): void {
  const bare = host
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (isIP(bare) !== 0) {
    if (!addressAllowed(bare, port, policy)) throw blocked("private_address");
  } else if (LOCAL_NAME.test(bare) && !someAllowance(port, policy)) throw blocked("local_name");
}

function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}
