// A connection to a checked address: resolve, check every address, connect to those only, look at who answered, and
// only then speak. A name that changes its mind between check and connect (rebinding) finds no second look-up.
import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction, type Socket, connect as tcpConnect } from "node:net";
import {
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
  connect as tlsConnect,
} from "node:tls";
import { type AddressPolicy, addressAllowed, blocked } from "./http-address.ts";
import { monotonicMs } from "./clock.ts";

export type Resolver = (host: string) => Promise<{ address: string; family: number }[]>;
export type ConnectPhase = "dns" | "connect" | "tls";

export interface PhaseEnd {
  /** Epoch ms, after "tls" only. */
  certificateValidTo?: number;
  /** Present when the part failed. */
  errorCode?: string;
}

export interface ConnectOptions {
  host: string;
  port: number;
  tls: boolean;
  /** Per part: look-up, TCP, TLS. */
  timeoutMs: number;
  /** Extra certificate authorities, PEM. */
  ca?: string | undefined;
  /** Shown to whoever asks for one during the handshake; PEM. */
  clientCertificate?: { certificate: string; privateKey: string } | undefined;
  /** Called as each part ends, well or not; durationMs is monotonic. */
  onPhase?: ((phase: ConnectPhase, durationMs: number, more: PhaseEnd) => void) | undefined;
  /** Tests only: the product always asks the system. */
  resolve?: Resolver | undefined;
}

/** An error with a stable code, as Node's own carry one. */
export class ConnectError extends Error {
  readonly code: string;
  readonly phase: ConnectPhase;
  constructor(code: string, phase: ConnectPhase, cause?: unknown) {
    super(`${phase} failed: ${code}`, cause === undefined ? undefined : { cause });
    this.name = "ConnectError";
    this.code = code;
    this.phase = phase;
  }
}

const systemResolver: Resolver = (host) => lookup(host, { all: true, verbatim: true });

/** @throws TocsinError E_URL_BLOCKED for a refused address, ConnectError with Node's code and the part that failed */
export async function connectGuarded(policy: AddressPolicy, options: ConnectOptions): Promise<Socket | TLSSocket> {
  const host = options.host.replace(/^\[|\]$/g, "");
  const addresses = await resolveChecked(policy, host, options);
  const socket = await timed("connect", options, () => openTcp(addresses, host, options));
  if (!addressAllowed(socket.remoteAddress ?? "", options.port, policy)) {
    socket.destroy();
    throw blocked("private_address");
  }
  if (!options.tls) return socket;
  return timed(
    "tls",
    options,
    () => startTls(socket, host, options),
    (s) => {
      const validTo = Date.parse(s.getPeerCertificate().valid_to);
      return Number.isNaN(validTo) ? {} : { certificateValidTo: validTo };
    },
  );
}

async function resolveChecked(policy: AddressPolicy, host: string, options: ConnectOptions) {
  const family = isIP(host);
  const found =
    family !== 0
      ? [{ address: host, family }]
      : await timed("dns", options, () => withTimeout((options.resolve ?? systemResolver)(host), options.timeoutMs));
  if (found.length === 0) throw new ConnectError("ENODATA", "dns");
  if (!found.every((a) => addressAllowed(a.address, options.port, policy))) throw blocked("private_address");
  return found;
}

function openTcp(
  addresses: { address: string; family: number }[],
  host: string,
  options: ConnectOptions,
): Promise<Socket> {
  const pinned: LookupFunction = (_host, asked, done) => {
    const first = addresses[0];
    if (asked.all) done(null, addresses);
    else done(null, first?.address ?? "", first?.family ?? 4);
  };
  const socket = tcpConnect({
    host,
    port: options.port,
    lookup: pinned,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1_000,
    noDelay: true,
  });
  return settled(socket, "connect", options.timeoutMs);
}

function startTls(socket: Socket, host: string, options: ConnectOptions): Promise<TLSSocket> {
  const named = isIP(host) === 0 ? { servername: host } : {};
  const secure = tlsConnect({
    socket,
    host,
    ...named,
    secureContext: options.clientCertificate
      ? ownContext(options.ca, options.clientCertificate)
      : contextFor(options.ca),
    ALPNProtocols: ["http/1.1"],
  });
  return settled(secure, "secureConnect", options.timeoutMs);
}

// Reading the roots costs milliseconds, so each set of authorities is read once; an installation has one or two.
const contexts = new Map<string, SecureContext>();
function contextFor(ca: string | undefined): SecureContext {
  const key = ca ?? "";
  let context = contexts.get(key);
  if (!context) {
    context = createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates, ca] });
    if (contexts.size >= 16) contexts.clear();
    contexts.set(key, context);
  }
  return context;
}

/** With somebody's private key in it: made for one connection, kept for none. */
function ownContext(
  ca: string | undefined,
  { certificate, privateKey }: NonNullable<ConnectOptions["clientCertificate"]>,
): SecureContext {
  return createSecureContext({
    cert: certificate,
    key: privateKey,
    ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
  });
}

function settled<S extends Socket>(socket: S, event: "connect" | "secureConnect", timeoutMs: number): Promise<S> {
  return new Promise((resolve, reject) => {
    const fail = (err: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      reject(err);
    };
    const closed = () => fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    const timer = setTimeout(() => fail(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })), timeoutMs);
    socket.once("error", fail);
    socket.once("close", closed);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off("close", closed);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

async function timed<T>(
  phase: ConnectPhase,
  options: ConnectOptions,
  work: () => Promise<T>,
  more?: (value: T) => PhaseEnd,
): Promise<T> {
  const start = monotonicMs();
  try {
    const value = await work();
    options.onPhase?.(phase, monotonicMs() - start, more?.(value) ?? {});
    return value;
  } catch (err) {
    const code = codeOf(err);
    options.onPhase?.(phase, monotonicMs() - start, { errorCode: code });
    throw new ConnectError(code, phase, err);
  }
}

/** Node's code of a failure; of several attempted addresses, that of the last which says more than "failed". */
function codeOf(err: unknown): string {
  const inner = err instanceof AggregateError ? (err.errors.findLast((e) => typeof e?.code === "string") ?? err) : err;
  const code = (inner as { code?: unknown }).code;
  return typeof code === "string" ? code.slice(0, 80) : "EUNKNOWN";
}

function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
