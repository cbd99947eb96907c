// One probe's line to one server: sends, times, bounds and records. It knows HTTP and JSON-RPC framing and nothing of
// eras. A fresh agent per probe: clean timings, and no socket ever shared between tenants.
import { EventEmitter } from "node:events";
import { type Agent, request } from "undici";
import {
  type AddressPolicy,
  assertUrlAllowed,
  type ConnectPhase,
  guardedDispatcher,
  type PhaseEnd,
} from "#lib/adapters/http";
import type { ClientCertificate } from "#lib/domain/credential";
import type { Phase, Timings } from "#lib/domain/outcome";
import { type Step, WIRE_CODES } from "#lib/domain/transcript";
import { type BodyKind, bodyKind, readAnswer } from "./answer.ts";
import { type Scrub, scrubber, shownHeaders, shownRequestHeaders, shownUrl, withoutSecrets } from "./shown.ts";
import { failureOf, one, redirectTarget } from "./wire-words.ts";

const USER_AGENT = "Tocsin-Probe/0.1 (MCP monitor)";
const CONNECT_BOUND_MS = 5_000;
/** A request with its whole answer; live servers were seen to take 11 s. */
export const STEP_BOUND_MS = 15_000;
const MAX_REDIRECTS = 3;
const MAX_STEPS = 190;
const CLOSED_BEFORE = ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"];

export interface Call {
  phase: Phase;
  title: string;
  method: "POST" | "GET" | "DELETE";
  url?: URL;
  headers?: Record<string, string>;
  /** A JSON-RPC message; its id (a string) is what the answer must carry. */
  body?: { id?: string; [key: string]: unknown };
  boundMs?: number;
  /** HTTP+SSE: the answer comes on the open stream, not here. */
  answerElsewhere?: boolean;
  /** Its failure says nothing about the server. */
  aside?: boolean;
}

/** What came back. Exactly what the step holds, and what only the conversation may see (the session id). */
export interface Exchange {
  step: Step;
  status: number | null;
  kind: BodyKind;
  message: Record<string, unknown> | null;
  sessionId: string | null;
}

export interface WireOptions {
  policy: AddressPolicy;
  signal: AbortSignal;
  monotonic: () => number;
  onStep?: (step: Step) => void;
  ca?: string | undefined;
  clientCertificate?: ClientCertificate | undefined;
}

/** One step's time. An emitter, which undici takes as a signal: four AbortSignals a step were a sixth of a probe's cost. */
class Bound extends EventEmitter {
  expired: boolean;
  readonly #timer: NodeJS.Timeout;
  constructor(ms: number, expired: boolean) {
    super();
    this.expired = expired;
    this.#timer = setTimeout(() => this.expire(), ms);
  }
  expire(): void {
    this.expired = true;
    this.emit("abort");
  }
  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** Made once: the agent's own would take the stack's picture for every probe. */
const OVER = new Error("the probe is over");

export class Wire {
  readonly url: URL;
  readonly steps: Step[] = [];
  readonly timings: Omit<Timings, "totalMs"> = {};
  certificateValidTo: number | null = null;
  readonly #agent: Agent;
  readonly #options: WireOptions;
  readonly #credential: Record<string, string>;
  readonly #scrub: Scrub;
  readonly #shownUrl: string;
  readonly #startedAt: number;
  #connectingMs = 0;
  #connectFailed = false;
  #aside = false;
  #sent = 0;
  #answeredMs: number | null = null;
  #connected = false;
  #bound: Bound | null = null;

  /** @throws TocsinError E_URL_BLOCKED for a URL that may not be asked at all */
  constructor(url: string, credential: Record<string, string>, options: WireOptions) {
    this.url = assertUrlAllowed(url, options.policy);
    this.#options = options;
    this.#credential = credential;
    this.#scrub = scrubber(credential);
    this.#shownUrl = this.#scrub(shownUrl(this.url), 2048);
    options.signal.addEventListener("abort", () => this.#bound?.expire(), { once: true });
    this.#startedAt = options.monotonic();
    this.#agent = guardedDispatcher(options.policy, {
      ca: options.ca,
      clientCertificate: options.clientCertificate,
      connectTimeoutMs: CONNECT_BOUND_MS,
      headersTimeoutMs: 50_000, // Ours is the bound on the whole step; undici's own must not come first.
      bodyTimeoutMs: 50_000,
      onPhase: (phase, ms, end) => this.#phaseEnded(phase, ms, end),
    });
  }

  elapsedMs(): number {
    return this.#options.monotonic() - this.#startedAt;
  }

  close(): Promise<void> {
    return this.#agent.destroy(OVER);
  }

  /** Sends and reads, following redirects inside the origin. Never throws; the caller decides and then keeps. */
  async send(call: Call): Promise<Exchange> {
    const startMs = this.elapsedMs();
    this.#connectingMs = 0;
    this.#connectFailed = false;
    this.#aside = call.aside === true;
    const bound = new Bound(call.boundMs ?? STEP_BOUND_MS, this.#options.signal.aborted);
    this.#bound = bound;
    const step: Step = {
      phase: call.phase,
      title: call.title,
      startMs,
      durationMs: 0,
      ...(call.aside && { aside: true }),
    };
    const exchange: Exchange = { step, status: null, kind: "none", message: null, sessionId: null };
    this.#answeredMs = null;
    for (let again = this.#sent > 0; ; again = false) {
      try {
        if (bound.expired) throw new Error("no time is left");
        await this.#converse(call, call.url ?? this.url, bound, exchange, 0);
      } catch (err) {
        step.error = failureOf(err, bound.expired, this.#scrub);
        // The server may just have closed the connection of the step before: only a fresh one tells.
        if (again && exchange.status === null && CLOSED_BEFORE.includes(step.error.code)) {
          delete step.error;
          continue;
        }
        if (step.error.code === WIRE_CODES.blocked) step.phase = "address";
      }
      break;
    }
    bound.clear();
    this.#sent += 1;
    step.durationMs = Math.max(0, (this.#answeredMs ?? this.elapsedMs()) - startMs - this.#connectingMs);
    if (exchange.status !== null) this.timings.firstRequestMs ??= step.durationMs;
    // undici gives a connection back one turn of the loop later; who asks sooner opens a second one.
    await new Promise((next) => setImmediate(next));
    return exchange;
  }

  /** Writes an exchange down, in the order in which they are kept. */
  keep(exchange: Exchange, more: { aside?: boolean } = {}): void {
    if (more.aside) exchange.step.aside = true;
    // A failed look-up, connection or TLS start stands there already as its own step.
    if (!this.#connectFailed || exchange.step.error === undefined) this.note(exchange.step);
  }

  /** Takes a message as the answer, without our credential, wherever in it the server may have put that. */
  answered(exchange: Exchange, message: Record<string, unknown>): void {
    const clean = withoutSecrets(message, this.#credential);
    exchange.message = exchange.step.message = clean;
    if (clean !== message || exchange.step.response?.bodyHead === "") this.#quote(exchange, clean);
  }

  #quote(exchange: Exchange, clean: Record<string, unknown>): void {
    if (exchange.step.response)
      exchange.step.response.bodyHead = this.#scrub(JSON.stringify(clean).slice(0, 10_000), 2_000);
  }

  note(step: Step): void {
    if (this.steps.length >= MAX_STEPS) return;
    step.startMs = Math.round(step.startMs * 10) / 10;
    step.durationMs = Math.round(step.durationMs * 10) / 10;
    this.steps.push(step);
    this.#options.onStep?.(step);
  }

  /** An open stream, for HTTP+SSE: the answer's head only. @throws what undici throws */
  async open(url: URL, headers: Record<string, string>, signal: AbortSignal) {
    this.#aside = false;
    this.#connectFailed = false;
    return request(url, {
      method: "GET",
      headers: { ...this.#headers(url), ...headers },
      dispatcher: this.#agent,
      signal: AbortSignal.any([this.#options.signal, signal]),
    });
  }

  scrub(text: string, max: number): string {
    return this.#scrub(text, max);
  }

  async #converse(call: Call, url: URL, signal: Bound, exchange: Exchange, hops: number): Promise<void> {
    const { step } = exchange;
    const headers = {
      ...this.#headers(url),
      accept: "application/json, text/event-stream",
      ...(call.body && { "content-type": "application/json" }),
      ...call.headers,
    };
    step.request = {
      method: call.method,
      url: url === this.url ? this.#shownUrl : this.#scrub(shownUrl(url), 2048),
      headers: shownRequestHeaders(headers, this.#credential),
    };
    const answer = await request(url, {
      method: call.method,
      headers,
      body: call.body ? JSON.stringify(call.body) : null,
      dispatcher: this.#agent,
      signal,
    });
    const status = answer.statusCode;
    const contentType = one(answer.headers, "content-type");
    exchange.status = status;
    exchange.kind = bodyKind(contentType);
    exchange.sessionId = one(answer.headers, "mcp-session-id") || null;
    step.response = {
      status,
      contentType: this.#scrub(contentType, 120),
      headers: shownHeaders(answer.headers, this.#scrub),
      bytes: 0,
      bodyHead: "",
    };
    const next = redirectTarget(status, one(answer.headers, "location"), url, this.#options.policy);
    if (next !== null && hops < MAX_REDIRECTS) {
      await answer.body.dump({ limit: 64 * 1024 });
      return this.#converse(call, next, signal, exchange, hops + 1);
    }
    const read = await readAnswer(
      answer.body,
      exchange.kind,
      one(answer.headers, "content-encoding"),
      call.answerElsewhere ? null : (call.body?.id ?? null),
      () => {
        this.#answeredMs = this.elapsedMs();
      },
    );
    step.response.bytes = read.bytes;
    // What is no MCP is never quoted: a monitor must not be a way to read other people's pages.
    if (exchange.kind === "json" || exchange.kind === "sse") step.response.bodyHead = this.#scrub(read.head, 2_000);
    if (read.message) this.answered(exchange, read.message);
    else if (read.errorCode && (status < 300 || read.errorCode === WIRE_CODES.tooLarge))
      step.error = { code: read.errorCode, detail: "" };
  }

  /** The credential goes to the server's own origin and nowhere else. */
  #headers(url: URL): Record<string, string> {
    const common = { "user-agent": USER_AGENT, "accept-encoding": "gzip, deflate, br" };
    return url.origin === this.url.origin ? { ...common, ...this.#credential } : common;
  }

  #phaseEnded(phase: ConnectPhase, ms: number, end: PhaseEnd): void {
    this.#connectingMs += ms;
    if (end.certificateValidTo !== undefined) this.certificateValidTo ??= end.certificateValidTo;
    if (end.errorCode !== undefined) this.#connectFailed = true;
    else this.timings[`${phase}Ms`] ??= ms;
    if (this.#connected && end.errorCode === undefined) return; // Further connections of one probe are not news.
    const last = phase === (this.url.protocol === "https:" ? "tls" : "connect");
    this.#connected ||= last && end.errorCode === undefined;
    this.note({
      phase,
      title: { dns: "Look up the name", connect: "Connect", tls: "Start TLS" }[phase],
      startMs: Math.max(0, this.elapsedMs() - ms),
      durationMs: ms,
      ...(end.errorCode !== undefined && {
        error: { code: end.errorCode === "ETIMEDOUT" ? WIRE_CODES.timeout : end.errorCode, detail: "" },
      }),
      ...(this.#aside && { aside: true }),
    });
  }
}
