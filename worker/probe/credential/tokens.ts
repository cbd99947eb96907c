// OAuth 2.1 client credentials: tokens are asked for once, kept in this process only, and renewed before they end. One
// belongs to one tenant, server, region and version of its credential; nobody else is ever given it.
import {
  type AuthorizationServer,
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
  ResponseBodyError,
} from "oauth4webapi";
import type { AddressPolicy } from "#lib/adapters/http";
import type { OAuthSettings } from "#lib/domain/credential";
import { TocsinError } from "#lib/domain/error";
import type { TokenState } from "#lib/domain/wall";
import { readAuthServer } from "./discovery.ts";
import { Door } from "./door.ts";

export interface OAuthClient {
  tenantId: string;
  serverId: string;
  region: string;
  /** When the credential was stored, epoch milliseconds: another one is another version. */
  version: number;
  serverUrl: string;
  settings: OAuthSettings;
  clientSecret: string;
}

export type Given = { token: string; fresh: boolean; state: TokenState } | { token: null; state: TokenState };

const BOUND_MS = 10_000;
const MOST_REQUESTS = 4;
/** Where the answer does not say how long a token lasts. */
const DEFAULT_LIFE_S = 300;
const MAX_LIFE_S = 86_400;
/** So long a failure is kept: a wrong secret must not be tried in every slot of every region. */
const FAILED_MS = 60_000;
const MAX_KEPT = 10_000;

interface Kept {
  version: number;
  token: string | null;
  state: TokenState;
  /** Epoch milliseconds: from then on it is asked for again. */
  renewAt: number;
}

export class TokenKeeper {
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Kept>>();
  readonly #now: () => number;
  readonly #ca: string | undefined;

  /** @param now epoch milliseconds */
  constructor(now: () => number, ca?: string) {
    this.#now = now;
    this.#ca = ca;
  }

  /** What is there without asking anybody; null when it has to be asked for. */
  held(client: OAuthClient): Given | null {
    const kept = this.#kept.get(keyOf(client));
    if (kept?.version !== client.version || this.#now() >= kept.renewAt) return null;
    // By a clock that was ahead: a failure would be believed until it is as late as that.
    if (this.#now() < kept.state.at - FAILED_MS) return null;
    return given(kept, false);
  }

  /** Who asks while somebody asks already waits for the same answer. Never throws. */
  async get(client: OAuthClient, policy: AddressPolicy): Promise<Given> {
    const held = this.held(client);
    if (held) return held;
    const key = `${keyOf(client)} ${client.version}`;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(client, policy).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return given(await asking, true);
  }

  /** The server refused this token: it is forgotten, unless another one has taken its place. */
  refused(client: OAuthClient, token: string): void {
    if (this.#kept.get(keyOf(client))?.token === token) this.#kept.delete(keyOf(client));
  }

  async #ask(client: OAuthClient, policy: AddressPolicy): Promise<Kept> {
    const asked = await askForToken(client, policy, this.#ca);
    const at = this.#now();
    const kept: Kept =
      "token" in asked
        ? {
            version: client.version,
            token: asked.token,
            state: { at, expiresAt: at + asked.lifeS * 1_000, problem: "", code: "" },
            renewAt: at + asked.lifeS * 1_000 - earlyMs(asked.lifeS),
          }
        : { version: client.version, token: null, state: { at, expiresAt: null, ...asked }, renewAt: at + FAILED_MS };
    const key = keyOf(client);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const oldest = this.#kept.size > MAX_KEPT ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }
}

/** So long before its end a token is renewed: a minute, of short-lived ones a tenth of their life. */
export const earlyMs = (lifeS: number): number => Math.min(60, lifeS / 10) * 1_000;

const keyOf = (c: OAuthClient): string => JSON.stringify([c.tenantId, c.serverId, c.region]);
const given = (kept: Kept, fresh: boolean): Given =>
  kept.token === null ? { token: null, state: kept.state } : { token: kept.token, fresh, state: kept.state };

type Failed = Pick<TokenState, "problem" | "code">;
const failed = (code: string, problem: string): Failed => ({ code, problem });

async function askForToken(
  client: OAuthClient,
  policy: AddressPolicy,
  ca: string | undefined,
): Promise<{ token: string; lifeS: number } | Failed> {
  const { settings } = client;
  const signal = AbortSignal.timeout(BOUND_MS);
  const door = new Door({ policy, ca, signal, most: MOST_REQUESTS });
  try {
    let endpoint = settings.tokenEndpoint;
    if (endpoint === "") {
      const found = await readAuthServer(door, settings.issuer);
      if (found.problem !== "") return failed("as_unreachable", found.problem);
      endpoint = found.tokenEndpoint;
    }
    // The secret goes in clear only where the server's own credential does.
    if (endpoint.startsWith("http:") && !client.serverUrl.startsWith("http:"))
      return failed("insecure", "The token endpoint is plain HTTP: the client's secret is not sent there.");
    const as: AuthorizationServer = { issuer: settings.issuer || new URL(endpoint).origin, token_endpoint: endpoint };
    const show = settings.method === "post" ? ClientSecretPost : basic;
    const response = await clientCredentialsGrantRequest(
      as,
      { client_id: settings.clientId },
      show(client.clientSecret),
      {
        resource: settings.resource || resourceOf(client.serverUrl),
        ...(settings.scope !== "" && { scope: settings.scope }),
      },
      { [customFetch]: throughDoor(door), [allowInsecureRequests]: endpoint.startsWith("http:"), signal },
    );
    const answer = await processClientCredentialsResponse(as, { client_id: settings.clientId }, response);
    if (answer.token_type !== "bearer" || !/^[\x21-\x7e]{1,8192}$/.test(answer.access_token))
      return failed("unusable", "The authorization server gave a token that is no bearer token.");
    const lifeS = Math.min(MAX_LIFE_S, Math.max(1, answer.expires_in ?? DEFAULT_LIFE_S));
    return { token: answer.access_token, lifeS };
  } catch (err) {
    return failureOf(err, signal);
  } finally {
    await door.close();
  }
}

/** RFC 6749's own words only: anything else that an answer says may quote what we sent. */
const OAUTH_ERRORS = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "access_denied",
  "server_error",
  "temporarily_unavailable",
]);

function failureOf(err: unknown, signal: AbortSignal): Failed {
  if (err instanceof ResponseBodyError) {
    const code = OAUTH_ERRORS.has(err.error) ? err.error : "error";
    return failed(
      code,
      `The authorization server refused the client: ${code === "error" ? "by an error of its own" : code} (HTTP ${err.status}).`,
    );
  }
  const chain = [err, (err as { cause?: unknown }).cause];
  if (chain.some((e) => e instanceof TocsinError && e.code === "E_URL_BLOCKED"))
    return failed(
      "blocked",
      "The token endpoint's address is private or not allowed: an operator can allow a named range.",
    );
  if (chain.some((e) => e instanceof TocsinError))
    return failed("too_large", "The token endpoint's answer is larger than 256 KiB.");
  if (signal.aborted || chain.some((e) => (e as Error | undefined)?.name === "TimeoutError"))
    return failed("timeout", "The token endpoint did not answer in time.");
  const code = chain.map((e) => (e as { code?: unknown } | undefined)?.code).find((c) => typeof c === "string");
  if (
    typeof code === "string" &&
    /^(E[A-Z]+|UND_ERR_\w+|ERR_TLS\w*|CERT_\w+|UNABLE_\w+|DEPTH_\w+|SELF_\w+)$/.test(code)
  )
    return failed("unreachable", `The token endpoint cannot be reached: ${code}.`);
  return failed("malformed", "The token endpoint's answer is no token response.");
}

/** RFC 6749 has both parts form-encoded; what need not be encoded is left, for the many servers that do not decode. */
function basic(secret: string): ClientAuth {
  const part = (text: string) => encodeURIComponent(text).replaceAll("%20", "+");
  return (_as, client, _body, headers) =>
    headers.set("authorization", `Basic ${btoa(`${part(client.client_id)}:${part(secret)}`)}`);
}

/** RFC 8707: the server's address as its clients name it, without query and fragment. */
function resourceOf(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.search = "";
  url.hash = "";
  return url.href;
}

type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: unknown },
) => Promise<Response>;

function throughDoor(door: Door): Fetch {
  return async (url, { headers, body }) => {
    const answer = await door.ask(url, "POST", headers, body === undefined ? null : String(body));
    const bare = answer.status === 204 || answer.status === 304 || answer.status < 200;
    return new Response(bare ? null : answer.body.toString("utf8"), {
      status: answer.status < 200 ? 502 : answer.status,
      headers: { "content-type": answer.type },
    });
  };
}
