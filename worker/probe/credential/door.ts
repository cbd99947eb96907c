// Questions to authorization servers: through the guarded door, without redirects and without cookies, with a bound on
// time, on bytes and on how many there are. What answers here was named by a stranger.
import { request } from "undici";
import { type AddressPolicy, assertUrlAllowed, guardedDispatcher } from "#lib/adapters/http";
import { excess } from "#lib/domain/canonical-json";
import { TocsinError } from "#lib/domain/error";
import { isRecord } from "#lib/domain/surface";

export const MAX_BYTES = 256 * 1024;
const REQUEST_BOUND_MS = 5_000;

export interface DoorOptions {
  policy: AddressPolicy;
  ca?: string | undefined;
  signal: AbortSignal;
  /** Requests in all; what comes after them is refused. */
  most: number;
}

/** Why there is no JSON object: a class in a few words, never the other side's own. */
export type NoJson = "blocked" | "unreachable" | "not_found" | "status" | "too_large" | "not_json" | "too_many";
export type JsonAnswer = { json: Record<string, unknown> } | { no: NoJson };

export class Door {
  readonly #options: DoorOptions;
  readonly #agent;
  requests = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#agent = guardedDispatcher(options.policy, {
      ca: options.ca,
      connectTimeoutMs: REQUEST_BOUND_MS,
      headersTimeoutMs: REQUEST_BOUND_MS,
      bodyTimeoutMs: REQUEST_BOUND_MS,
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** Never throws. */
  async json(url: string): Promise<JsonAnswer> {
    if (this.requests >= this.#options.most) return { no: "too_many" };
    try {
      const { status, body } = await this.ask(url, "GET", { accept: "application/json" }, null);
      if (status === 404 || status === 405 || status === 410) return { no: "not_found" };
      if (status !== 200) return { no: "status" };
      const value: unknown = JSON.parse(body.toString("utf8"));
      return isRecord(value) && excess(value) === null ? { json: value } : { no: "not_json" };
    } catch (err) {
      if (err instanceof SyntaxError) return { no: "not_json" };
      if (err instanceof TocsinError) return { no: err.code === "E_TOO_LARGE" ? "too_large" : "blocked" };
      const cause = (err as { cause?: unknown }).cause;
      return { no: cause instanceof TocsinError && cause.code === "E_URL_BLOCKED" ? "blocked" : "unreachable" };
    }
  }

  /** @throws TocsinError E_URL_BLOCKED, E_TOO_LARGE; what undici throws */
  async ask(url: string, method: "GET" | "POST", headers: Record<string, string>, sent: string | null) {
    const { policy, signal } = this.#options;
    const target = assertUrlAllowed(url, policy);
    this.requests += 1;
    const answer = await request(target, {
      method,
      headers: { ...headers, "user-agent": "Tocsin-Probe/0.1 (MCP monitor)", "accept-encoding": "identity" },
      body: sent,
      dispatcher: this.#agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_BOUND_MS)]),
    });
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      size += part.length;
      // Packed although we asked for plain: nobody knows how much it would become.
      if (size > MAX_BYTES || answer.headers["content-encoding"] !== undefined)
        throw new TocsinError("E_TOO_LARGE", "The authorization server's answer is larger than 256 KiB.");
      parts.push(part);
    }
    const type = answer.headers["content-type"];
    return {
      status: answer.statusCode,
      type: Array.isArray(type) ? (type[0] ?? "") : (type ?? ""),
      body: Buffer.concat(parts),
    };
  }
}
