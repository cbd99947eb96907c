import "server-only";
import type { NextAuthOptions } from "next-auth";
import type { Adapter } from "next-auth/adapters";
import { now } from "#lib/adapters/clock";
import { env } from "#lib/adapters/env";
import { exchangeCode, type Proof, type Provider, refusal } from "#lib/adapters/oidc";
import { secrets } from "#lib/adapters/secrets";
import { endSession } from "#lib/commands/session/end";
import { signIn } from "#lib/commands/session/sign-in";
import { startSession } from "#lib/commands/session/start";
import type { TocsinError } from "#lib/domain/error";
import { SESSION_ABSOLUTE_MS } from "#lib/domain/session";
import { personByIdentity } from "#lib/queries/session";
import { cookieName, secureCookies, sessionCookieName } from "./cookie.ts";
import { db } from "./db.ts";
import { log } from "./log.ts";
import { personOf } from "./person-of.ts";

export const PROVIDER = "oidc";

/** One request to the sign-in routes: what came with it, and what came out. */
export interface Flow {
  userAgent: string;
  from: string;
  /** Of the session that this browser holds now. */
  previousToken: string | null;
  /** Begin: ask the provider for a new proof of who this is. */
  again: boolean;
  /** Come back: when that was asked for. */
  askedAt: Date | null;
  proof: Proof | null;
  failed: TocsinError | null;
}

/** A sign-in is renewed with the session's longest life at the latest; asking also makes providers say when it was. */
const MAX_AGE_S = SESSION_ABSOLUTE_MS / 1000;

/**
 * Sign-in by OpenID Connect, sessions in the database. A person is (issuer, subject); the signIn callback writes
 * the row before the library asks for it, so accounts are never linked by an address of e-mail.
 * @param provider null for requests that do not need it: signing out must work while it is away
 */
export function authOptions(flow: Flow, provider: Provider | null): NextAuthOptions {
  const e = env();
  const secure = secureCookies();
  const cookie = (name: string, maxAge?: number) => ({
    name: cookieName(name),
    options: {
      httpOnly: true,
      sameSite: "lax" as const,
      path: "/",
      secure,
      ...(maxAge === undefined ? {} : { maxAge }),
    },
  });
  const { issuer, scope } = provider ?? { issuer: null, scope: "openid" };
  return {
    secret: e.TOCSIN_SECRET,
    useSecureCookies: secure,
    session: { strategy: "database", maxAge: MAX_AGE_S, updateAge: MAX_AGE_S },
    pages: { signIn: "/sign-in", error: "/sign-in", signOut: "/sign-in" },
    cookies: {
      sessionToken: { ...cookie("session"), name: sessionCookieName() },
      callbackUrl: cookie("callback"),
      csrfToken: cookie("csrf"),
      pkceCodeVerifier: cookie("pkce", 900),
      state: cookie("state", 900),
      nonce: cookie("nonce", 900),
    },
    providers: [
      {
        id: PROVIDER,
        name: "OpenID Connect",
        type: "oauth",
        issuer: issuer?.issuer ?? e.OIDC_ISSUER,
        jwks_endpoint: issuer?.jwks_uri ?? "",
        clientId: e.OIDC_CLIENT_ID,
        clientSecret: e.OIDC_CLIENT_SECRET,
        idToken: true,
        checks: ["pkce", "state", "nonce"],
        authorization: {
          url: issuer?.authorization_endpoint ?? "",
          params: { scope, ...(flow.again ? { prompt: "login", max_age: 0 } : { max_age: MAX_AGE_S }) },
        },
        token: {
          url: issuer?.token_endpoint ?? "",
          request: async ({ provider: { callbackUrl }, params, checks }) => {
            try {
              flow.proof = await exchangeCode(callbackUrl, params, checks, flow.askedAt);
            } catch (error) {
              flow.failed = refusal(error); // The library keeps only the message.
              throw error;
            }
            return { tokens: {} };
          },
        },
        userinfo: { request: () => (flow.proof?.claims ?? {}) as never },
        profile: (claims: Record<string, unknown>) => ({ id: String(claims.sub) }),
      },
    ],
    adapter: adapter(flow),
    callbacks: {
      async signIn({ account }) {
        if (account?.provider !== PROVIDER || flow.proof === null) return false;
        return signIn(db(), personOf(flow.proof.claims), now(), { from: flow.from, again: flow.askedAt !== null });
      },
      redirect: ({ url, baseUrl }) =>
        url.startsWith("/") && !url.startsWith("//")
          ? `${baseUrl}${url}`
          : url.startsWith(`${baseUrl}/`)
            ? url
            : baseUrl,
    },
    logger: {
      error: (code, metadata) => {
        const err = metadata instanceof Error ? metadata : "error" in metadata ? metadata.error : undefined;
        if (/^(SIGNIN_OAUTH|OAUTH_CALLBACK)_/.test(code)) flow.failed ??= refusal(err);
        log().warn({ code, because: flow.failed?.code, detail: flow.failed?.detail }, "sign-in failed");
      },
      warn: () => {},
      debug: () => {},
    },
  };
}

function adapter(flow: Flow): Adapter {
  return {
    getUserByAccount: async ({ providerAccountId }) => {
      const person = await personByIdentity(db(), env().OIDC_ISSUER, providerAccountId);
      return person === null ? null : { id: person.id, email: "", emailVerified: null };
    },
    createSession: async ({ sessionToken, userId, expires }) => {
      await startSession(
        db(),
        {
          token: sessionToken,
          personId: userId,
          userAgent: flow.userAgent,
          address: flow.from,
          authTime: flow.proof?.authTime ?? null,
          idpSid: flow.proof?.sid ?? null,
          refreshToken: flow.proof?.refreshToken ?? null,
          replaces: flow.previousToken,
        },
        now(),
        secrets(),
      );
      return { sessionToken, userId, expires };
    },
    // Always nobody: each sign-in makes a new session with a new token, whoever was signed in here before.
    getSessionAndUser: async () => null,
    deleteSession: async (sessionToken) => {
      await endSession(db(), sessionToken, now(), flow.from);
    },
    getUser: async () => null,
    getUserByEmail: async () => null,
    updateSession: async () => null,
    updateUser: () => Promise.reject(new Error("people are changed by the identity provider only")),
    createUser: () => Promise.reject(new Error("people are made in the signIn callback")),
    linkAccount: () => Promise.reject(new Error("accounts are never linked")),
  };
}
