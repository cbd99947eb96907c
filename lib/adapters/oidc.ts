// The identity provider: discovery, the code's exchange, and groups asked for again. Each ID token is checked for
// issuer, audience, algorithm, signature, times, nonce, and for when the person last proved who they are.
import { type BaseClient, custom, errors, Issuer, type IssuerMetadata, type OpenIDCallbackChecks } from "openid-client";
import { TocsinError } from "../domain/error.ts";
import { now } from "./clock.ts";
import { env, extraCa } from "./env.ts";

/** What an ID token proves, once everything about it was checked. */
export interface Proof {
  claims: Record<string, unknown>;
  subject: string;
  /** When the person proved who they are; null when the provider does not say. */
  authTime: Date | null;
  /** The provider's own session, for its logout. */
  sid: string | null;
  refreshToken: string | null;
}

export interface Provider {
  issuer: IssuerMetadata;
  client: BaseClient;
  /** What to ask for at sign-in. */
  scope: string;
}

const WANTED = ["openid", "profile", "email", "groups", "offline_access"];
const DISCOVERY_HOLDS_MS = 10 * 60_000;
const TIMEOUT_MS = 5_000;
/** Clocks of two machines differ a little. */
const SKEW_S = 60;

let known: { provider: Provider; at: number } | undefined;
let asking: Promise<Provider> | undefined;

/**
 * As the provider describes itself, asked for again every ten minutes; what was known goes on while it does not answer.
 * @throws TocsinError E_UNAVAILABLE when it was never reached, or is not the issuer that the settings name
 */
export async function identityProvider(): Promise<Provider> {
  if (known && now().getTime() - known.at < DISCOVERY_HOLDS_MS) return known.provider;
  asking ??= discover().finally(() => {
    asking = undefined;
  });
  try {
    return await asking;
  } catch (error) {
    if (known && error instanceof TocsinError && error.code === "E_UNAVAILABLE") return known.provider;
    throw error;
  }
}

/** For tests: the next question goes to the provider itself. */
export function forgetIdentityProvider(): void {
  known = undefined;
}

async function discover(): Promise<Provider> {
  const e = env();
  const ca = extraCa();
  custom.setHttpOptionsDefaults({ timeout: TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) });
  const wanted = e.OIDC_ISSUER.replace(/\/$/, "");
  const issuer = await Issuer.discover(`${wanted}/.well-known/openid-configuration`).catch((cause: unknown) => {
    throw unavailable(cause);
  });
  const { authorization_endpoint, token_endpoint, jwks_uri } = issuer.metadata;
  const named = String(issuer.metadata.issuer).replace(/\/$/, "");
  if (named !== wanted || !authorization_endpoint || !token_endpoint || !jwks_uri)
    throw new TocsinError("E_UNAVAILABLE", "Sign-in is not set up right: tell whoever runs this console.", {
      detail: `discovery names the issuer ${named.slice(0, 200)}, OIDC_ISSUER is ${wanted}; or it lacks an endpoint`,
    });
  const methods = issuer.metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  const client = new issuer.Client({
    client_id: e.OIDC_CLIENT_ID,
    client_secret: e.OIDC_CLIENT_SECRET,
    id_token_signed_response_alg: e.OIDC_ID_TOKEN_ALG,
    token_endpoint_auth_method:
      !methods.includes("client_secret_basic") && methods.includes("client_secret_post")
        ? "client_secret_post"
        : "client_secret_basic",
  });
  client[custom.clock_tolerance] = 10;
  const provider = {
    issuer: issuer.metadata,
    client,
    scope: e.OIDC_SCOPE ?? scopeFor(issuer.metadata.scopes_supported),
  };
  known = { provider, at: now().getTime() };
  return provider;
}

/** A provider may refuse a sign-in over one word that it does not know. */
function scopeFor(supported: unknown): string {
  if (!Array.isArray(supported)) return WANTED.slice(0, 4).join(" ");
  return WANTED.filter((scope) => scope === "openid" || supported.includes(scope)).join(" ");
}

/**
 * The code for an ID token, which is checked.
 * @param askedAt when this sign-in was asked to be a new proof of who somebody is; null when any will do
 * @throws TocsinError E_OIDC_CHECK, E_ID_TOKEN or E_UNAVAILABLE
 */
export async function exchangeCode(
  redirectUri: string,
  params: Record<string, unknown>,
  checks: OpenIDCallbackChecks,
  askedAt: Date | null,
): Promise<Proof> {
  const { client } = await identityProvider();
  const tokens = await client
    .callback(redirectUri, params, { ...checks, response_type: "code" })
    .catch((error: unknown) => {
      throw refusal(error);
    });
  const proof = prove(tokens.claims(), tokens.refresh_token, askedAt !== null && env().OIDC_TRUST_PROMPT_LOGIN);
  if (askedAt === null) return proof;
  // Whoever sits at the browser can take prompt=login out of the address: only the provider's own word counts.
  if (proof.authTime === null || proof.authTime.getTime() < askedAt.getTime() - SKEW_S * 1000)
    throw new TocsinError(
      "E_ID_TOKEN",
      proof.authTime === null
        ? "Your identity provider does not say when you signed in, so this cannot confirm that it is you. Ask whoever runs it for the claim auth_time."
        : "Your identity provider did not ask again who you are, so this cannot confirm that it is you. Try again.",
      { detail: `auth_time ${proof.authTime?.toISOString() ?? "absent"}, asked for at ${askedAt.toISOString()}` },
    );
  return proof;
}

/** How asking for the groups again ended. */
export type Asked =
  | { is: "proof"; proof: Proof }
  /** The provider has taken this sign-in back. */
  | { is: "gone"; detail: string }
  /** No answer, or none that can be used: nothing is known. */
  | { is: "unknown"; detail: string };

export async function askAgain(refreshToken: string): Promise<Asked> {
  try {
    const { client } = await identityProvider();
    const tokens = await client.refresh(refreshToken);
    // Some providers answer a refresh without an ID token: then who it is stands behind the access token.
    const claims = tokens.id_token === undefined ? await client.userinfo(tokens) : tokens.claims();
    return { is: "proof", proof: prove(claims, tokens.refresh_token, false, tokens.id_token !== undefined) };
  } catch (error) {
    // invalid_grant is the provider's "no more"; invalid_client and the like are our own setup and end nobody's session.
    if (error instanceof errors.OPError && error.error === "invalid_grant")
      return { is: "gone", detail: "invalid_grant" };
    const { code, detail } = refusal(error);
    return { is: "unknown", detail: `${code} ${detail ?? ""}` };
  }
}

/** Whom the provider has signed out: one of its sessions, or all of one subject. */
export interface LoggedOut {
  jti: string;
  sid: string | null;
  subject: string | null;
}

const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";
const LOGOUT_MAX_AGE_S = 300;

/**
 * OpenID Connect Back-Channel Logout 1.0, section 2.6; that it comes once is for the caller to hold.
 * @throws TocsinError E_ID_TOKEN or E_UNAVAILABLE
 */
export async function readLogoutToken(token: string): Promise<LoggedOut> {
  const { client } = await identityProvider();
  const { payload } = await (client as unknown as Validating)
    .validateJWT(token, env().OIDC_ID_TOKEN_ALG, ["iss", "aud", "iat", "jti", "events"])
    .catch((error: unknown) => {
      const refused = refusal(error);
      throw refused.code === "E_UNAVAILABLE" ? refused : badToken(refused.detail ?? "");
    });
  const { sid, sub, jti, iat, events, nonce } = payload;
  const nowS = now().getTime() / 1000;
  const event =
    typeof events === "object" && events !== null ? (events as Record<string, unknown>)[LOGOUT_EVENT] : null;
  const named = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= 255;
  if (typeof event !== "object" || event === null) throw badToken("not a logout event");
  if (nonce !== undefined) throw badToken("a nonce: this is an ID token");
  if (typeof iat !== "number" || iat > nowS + SKEW_S || iat < nowS - LOGOUT_MAX_AGE_S) throw badToken("iat not of now");
  if (!named(jti)) throw badToken("no jti");
  if (!named(sid) && !named(sub)) throw badToken("neither sid nor sub");
  return { jti, sid: named(sid) ? sid : null, subject: named(sub) ? sub : null };
}

/** The library's own check of a JWT, which its types do not show. */
interface Validating {
  validateJWT(jwt: string, alg: string, required: string[]): Promise<{ payload: Record<string, unknown> }>;
}

function prove(claims: object, refreshToken: string | undefined, trustPrompt: boolean, isIdToken = true): Proof {
  const all = claims as Record<string, unknown>;
  const nowS = now().getTime() / 1000;
  const inFuture = (value: unknown) => typeof value === "number" && value > nowS + SKEW_S;
  if (isIdToken && (inFuture(all.iat) || inFuture(all.auth_time)))
    throw badToken(`iat ${String(all.iat)} or auth_time ${String(all.auth_time)} lies in the future`);
  if (typeof all.sub !== "string" || all.sub === "") throw badToken("no sub");
  const { auth_time: authTime, iat, sid } = all;
  const provedS =
    typeof authTime === "number" && authTime > 0 ? authTime : trustPrompt && typeof iat === "number" ? iat : null;
  return {
    claims: all,
    subject: all.sub,
    authTime: provedS === null ? null : new Date(Math.min(provedS, nowS) * 1000),
    sid: typeof sid === "string" && sid !== "" && sid.length <= 255 ? sid : null,
    refreshToken: refreshToken ?? null,
  };
}

function badToken(detail: string): TocsinError {
  return new TocsinError("E_ID_TOKEN", "The identity provider's answer does not hold. Sign in again.", { detail });
}

/** Neither voice repeats a token: the library's errors carry it in a field of their own. */
export function refusal(error: unknown): TocsinError {
  if (error instanceof TocsinError) return error;
  const detail = error instanceof Error ? error.message.slice(0, 300) : "";
  if (error instanceof errors.RPError) {
    const { jwt } = error as { jwt?: string };
    const ofToken = jwt !== undefined || /id_token|jwks|JWT/.test(error.message);
    if (ofToken && !/^nonce mismatch/.test(error.message)) return badToken(detail);
  }
  if (error instanceof errors.OPError && (error.response?.statusCode ?? 0) >= 500) return unavailable(error);
  if (/ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|socket hang up|timed out/.test(detail)) return unavailable(error);
  return new TocsinError(
    "E_OIDC_CHECK",
    "This sign-in was not begun in this browser, or is too old. Sign in again from the start.",
    { detail },
  );
}

function unavailable(cause: unknown): TocsinError {
  return new TocsinError("E_UNAVAILABLE", "The identity provider cannot be reached. Try again in a moment.", {
    detail: cause instanceof Error ? cause.message.slice(0, 300) : "",
    retryAfterS: 30,
  });
}
