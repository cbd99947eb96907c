import "server-only";
import type { NextAuthOptions } from "next-auth";
import type { Adapter } from "next-auth/adapters";
import { now } from "#lib/adapters/clock";
import { env } from "#lib/adapters/env";
import { endSession } from "#lib/commands/session/end";
import { personFromClaims, signIn } from "#lib/commands/session/sign-in";
import { startSession } from "#lib/commands/session/start";
import { SESSION_ABSOLUTE_MS } from "#lib/domain/session";
import { personByIdentity } from "#lib/queries/session";
import { secureCookies, sessionCookieName } from "./cookie.ts";
import { db } from "./db.ts";
import { log } from "./log.ts";

export const PROVIDER = "oidc";

/**
 * Sign-in by OpenID Connect, sessions in the database. A person is (issuer, subject); the signIn callback writes
 * the row before the library asks for it, so accounts are never linked by an address of e-mail.
 * @param userAgent of the request that signs in: shown in the list of one's sessions
 */
export function authOptions(userAgent: string): NextAuthOptions {
  const e = env();
  const secure = secureCookies();
  const cookie = (name: string, maxAge?: number) => ({
    name: `${secure ? "__Host-" : ""}tocsin.${name}`,
    options: {
      httpOnly: true,
      sameSite: "lax" as const,
      path: "/",
      secure,
      ...(maxAge === undefined ? {} : { maxAge }),
    },
  });
  return {
    secret: e.TOCSIN_SECRET,
    useSecureCookies: secure,
    session: { strategy: "database", maxAge: SESSION_ABSOLUTE_MS / 1000, updateAge: SESSION_ABSOLUTE_MS / 1000 },
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
        wellKnown: `${e.OIDC_ISSUER.replace(/\/$/, "")}/.well-known/openid-configuration`,
        clientId: e.OIDC_CLIENT_ID,
        clientSecret: e.OIDC_CLIENT_SECRET,
        idToken: true,
        checks: ["pkce", "state", "nonce"],
        authorization: { params: { scope: "openid profile email groups" } },
        profile: (claims: Record<string, unknown>) => ({ id: String(claims.sub) }),
      },
    ],
    adapter: adapter(userAgent),
    callbacks: {
      async signIn({ account, profile }) {
        if (account?.provider !== PROVIDER || !profile) return false;
        const person = personFromClaims(profile as Record<string, unknown>, e.OIDC_ISSUER, e.OIDC_GROUPS_CLAIM);
        return signIn(db(), person, now());
      },
      redirect: ({ url, baseUrl }) =>
        url.startsWith("/") && !url.startsWith("//")
          ? `${baseUrl}${url}`
          : url.startsWith(`${baseUrl}/`)
            ? url
            : baseUrl,
    },
    logger: {
      error: (code, metadata) =>
        log().warn(
          { code, err: metadata instanceof Error ? metadata : "error" in metadata ? metadata.error : undefined },
          "sign-in failed",
        ),
      warn: () => {},
      debug: () => {},
    },
  };
}

function adapter(userAgent: string): Adapter {
  return {
    getUserByAccount: async ({ providerAccountId }) => {
      const person = await personByIdentity(db(), env().OIDC_ISSUER, providerAccountId);
      return person === null ? null : { id: person.id, email: "", emailVerified: null };
    },
    createSession: async ({ sessionToken, userId, expires }) => {
      await startSession(db(), { token: sessionToken, personId: userId, userAgent }, now());
      return { sessionToken, userId, expires };
    },
    // Always nobody: each sign-in makes a new session with a new token, whoever was signed in here before.
    getSessionAndUser: async () => null,
    deleteSession: async (sessionToken) => {
      await endSession(db(), sessionToken, now());
    },
    getUser: async () => null,
    getUserByEmail: async () => null,
    updateSession: async () => null,
    updateUser: () => Promise.reject(new Error("people are changed by the identity provider only")),
    createUser: () => Promise.reject(new Error("people are made in the signIn callback")),
    linkAccount: () => Promise.reject(new Error("accounts are never linked")),
  };
}
