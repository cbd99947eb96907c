// The SDK's own example with OAuth: an MCP server behind its wall and an authorization server beside it, both as they
// come. Found, signed in to by hand as its users do, and walked through.
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { oauthSettingsSchema } from "#lib/domain/credential";
import { npmServer } from "#lib/testing/npm-servers";
import type { TestServer } from "#lib/testing/servers";
import { judgeWalk } from "../probe/credential/judge-walk.ts";
import { unguarded } from "../probe/credential/load.ts";
import { lookAtWall } from "../probe/credential/look.ts";
import { TokenKeeper } from "../probe/credential/tokens.ts";
import { resultOf } from "../probe/result.ts";
import { type ProbeTarget, probe } from "../probe/transcript.ts";

const policy = { allow: [{ cidr: "127.0.0.0/8" }, { cidr: "::1/128" }] };
const options = { policy, monotonic: () => performance.now() };
let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await npmServer("the OAuth example of @modelcontextprotocol/sdk");
  // Its metadata is about localhost, so that is how clients name it.
  url = server.url.replace("127.0.0.1", "localhost");
});
afterAll(() => server.close());

async function walked(token: string | null) {
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  const target: ProbeTarget = { serverId: "s", tenantId: "t", url, headers, knownEra: null, look: { discover: true } };
  const seen = await probe(target, { ...options, boundMs: 20_000 });
  const look = await lookAtWall(target, seen, options);
  const guarded = token === null ? unguarded : { ...unguarded, kind: "bearer" as const };
  return judgeWalk({ ...resultOf("s", seen), look }, guarded, null, null);
}

test("without a credential it is up and protected, and says where to sign in", async () => {
  const { result, walk, look } = await walked(null);
  expect(result.judgement).toMatchObject({ status: "up", auth: "protected", evidence: { cause: "auth_with_prm" } });
  expect(look.findings).toMatchObject({ cause: "with_prm", problem: "", servers: [{ dcr: true, s256: true }] });
  expect(walk).toMatchObject({ result: "auth_walled", failedStep: null });
});

test("with a token that its users get, every step goes well", async () => {
  const { look } = await walked(null);
  const token = await signIn(look.findings?.servers[0]?.issuer ?? "");
  const { result, walk } = await walked(token);
  expect(result.judgement).toMatchObject({ status: "up", auth: "protected", reason: null });
  expect(walk).toMatchObject({ result: "healthy", failedStep: null });
  expect(result.transcript.toolCount).toBe(7);
  expect(JSON.stringify(result)).not.toContain(token);
});

test("client credentials are refused by it in its own words, and the secret is in none of ours", async () => {
  const { look } = await walked(null);
  const issuer = look.findings?.servers[0]?.issuer ?? "";
  const client = await register(issuer);
  const given = await new TokenKeeper(() => 0).get(
    {
      ...{ tenantId: "t", serverId: "s", region: "", version: 1, serverUrl: url, clientSecret: client.client_secret },
      settings: oauthSettingsSchema.parse({ clientId: client.client_id, issuer, method: "post" }),
    },
    policy,
  );
  expect(given).toMatchObject({ token: null, state: { code: "unsupported_grant_type" } });
  expect(JSON.stringify(given)).not.toContain(client.client_secret);
});

const json = async (at: string, init: RequestInit) => (await fetch(at, init)).json();
const REDIRECT = "http://localhost:9/callback";

function register(issuer: string): Promise<{ client_id: string; client_secret: string }> {
  return json(new URL("/register", issuer).href, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ redirect_uris: [REDIRECT], token_endpoint_auth_method: "client_secret_post" }),
  });
}

/** The way of its users: register, be sent back with a code, exchange it. */
async function signIn(issuer: string): Promise<string> {
  const client = await register(issuer);
  const verifier = randomBytes(32).toString("base64url");
  const authorize = new URL("/authorize", issuer);
  authorize.search = new URLSearchParams({
    ...{ response_type: "code", client_id: client.client_id, redirect_uri: REDIRECT, scope: "mcp:tools" },
    ...{ code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256" },
    resource: url,
  }).toString();
  const back = (await fetch(authorize, { redirect: "manual" })).headers.get("location") ?? "";
  const answer = await json(new URL("/token", issuer).href, {
    method: "POST",
    body: new URLSearchParams({
      ...{ grant_type: "authorization_code", code: new URL(back).searchParams.get("code") ?? "" },
      ...{ code_verifier: verifier, redirect_uri: REDIRECT, resource: url, ...client },
    } as Record<string, string>),
  });
  return answer.access_token;
}
