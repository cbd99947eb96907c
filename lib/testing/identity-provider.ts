// An identity provider that does as a test tells it: real HTTP, real keys, and ID tokens with whatever is wrong in them.
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export type Claims = Record<string, unknown>;

/** What the next code is worth. */
export interface Grant {
  sub: string;
  groups?: string[];
  nonce?: string | undefined;
  /** The S256 challenge that the code is bound to; without one any verifier will do. */
  challenge?: string | undefined;
  /** Last word on the ID token's claims. */
  claims?: (good: Claims) => Claims;
  sign?: "RS256" | "none" | "HS256 with the public key" | "RS256 with another key";
  /** Without a refresh token, groups cannot be asked for again. */
  withoutRefresh?: boolean;
}

export interface TestProvider {
  issuer: string;
  /** What the next sign-in is worth; the code is what the browser brings back. */
  code(grant: Grant): string;
  logoutToken(claims: (good: Claims) => Claims, how?: Grant["sign"]): string;
  /** What the refresh of this person answers from now on; null: invalid_grant. */
  refreshes: Map<string, { groups: string[]; sub?: string } | null>;
  /** Answers nothing but 503 while true. */
  down: boolean;
  /** The issuer that discovery names. */
  says: { issuer: string };
  asked: { refreshes: number };
  close(): Promise<void>;
}

const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export async function testProvider(clientId: string): Promise<TestProvider> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const codes = new Map<string, Grant>();
  const refreshTokens = new Map<string, Grant>();
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function token(claims: Claims, how: Grant["sign"] = "RS256"): string {
    const alg = how === "none" ? "none" : how.slice(0, 5);
    const head = `${b64({ alg, kid: "k", typ: "JWT" })}.${b64(claims)}`;
    if (how === "none") return `${head}.`;
    if (alg === "HS256")
      return `${head}.${createHmac("sha256", publicKey.export({ type: "spki", format: "pem" }))
        .update(head)
        .digest("base64url")}`;
    const key: KeyObject = how === "RS256" ? privateKey : other;
    return `${head}.${sign("sha256", Buffer.from(head), key).toString("base64url")}`;
  }

  const good = (grant: Grant): Claims => {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: issuer,
      aud: clientId,
      sub: grant.sub,
      iat: now,
      exp: now + 300,
      auth_time: now,
      sid: `sid-${grant.sub}`,
      name: grant.sub,
      groups: grant.groups ?? [],
      ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    };
  };

  function tokens(grant: Grant) {
    const refreshToken = randomBytes(16).toString("base64url");
    refreshTokens.set(refreshToken, grant);
    const claims = good(grant);
    return {
      access_token: "a",
      token_type: "Bearer",
      expires_in: 300,
      id_token: token(grant.claims?.(claims) ?? claims, grant.sign),
      ...(grant.withoutRefresh ? {} : { refresh_token: refreshToken }),
    };
  }

  const refused = { status: 400, body: { error: "invalid_grant" } };

  async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    if (it.down) return { status: 503, body: {} };
    const path = new URL(request.url ?? "/", issuer).pathname;
    if (path === "/.well-known/openid-configuration")
      return {
        status: 200,
        body: {
          issuer: it.says.issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          scopes_supported: ["openid", "profile", "email", "groups"],
          backchannel_logout_supported: true,
        },
      };
    if (path === "/jwks") {
      const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "RS256" };
      return { status: 200, body: { keys: [jwk] } };
    }
    if (path !== "/token") return { status: 404, body: {} };
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const form = new URLSearchParams(text);
    if (form.get("grant_type") === "refresh_token") {
      it.asked.refreshes++;
      const grant = refreshTokens.get(form.get("refresh_token") ?? "");
      refreshTokens.delete(form.get("refresh_token") ?? ""); // Each refresh token works once.
      if (grant === undefined) return refused;
      const now = it.refreshes.get(grant.sub);
      if (now === null) return refused;
      const { nonce: _, claims: __, ...again } = grant;
      return {
        status: 200,
        body: tokens({ ...again, groups: now?.groups ?? grant.groups ?? [], sub: now?.sub ?? grant.sub }),
      };
    }
    const grant = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    if (grant === undefined) return refused;
    const verifier = form.get("code_verifier") ?? "";
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    if (grant.challenge !== undefined && grant.challenge !== challenge) return refused;
    return { status: 200, body: tokens(grant) };
  }

  const it: TestProvider = {
    issuer,
    code(grant) {
      const code = randomBytes(16).toString("base64url");
      codes.set(code, grant);
      return code;
    },
    logoutToken(claims, how) {
      const now = Math.floor(Date.now() / 1000);
      return token(
        claims({
          iss: issuer,
          aud: clientId,
          iat: now,
          exp: now + 120,
          jti: randomBytes(12).toString("base64url"),
          events: { "http://schemas.openid.net/event/backchannel-logout": {} },
        }),
        how,
      );
    },
    refreshes: new Map(),
    down: false,
    says: { issuer },
    asked: { refreshes: 0 },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return it;
}
