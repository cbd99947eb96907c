// Tokens from a real authorization server on a real socket: asked for once, renewed in time, kept apart, and never more
// said of a failure than its class.
import { afterEach, describe, expect, test } from "vitest";
import type { AddressPolicy } from "#lib/adapters/http";
import { oauthSettingsSchema } from "#lib/domain/credential";
import { type AuthFault, type AuthServerHere, authServer, CLIENT } from "#lib/testing/auth-server";
import { earlyMs, type OAuthClient, TokenKeeper } from "./tokens.ts";

const policy: AddressPolicy = { allow: [{ cidr: "127.0.0.0/8" }] };
const open: AuthServerHere[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((s) => s.close()));
});
async function serve(fault: AuthFault = "none"): Promise<AuthServerHere> {
  const server = await authServer(fault);
  open.push(server);
  return server;
}
const client = (server: AuthServerHere, more: Partial<OAuthClient> = {}, settings: object = {}): OAuthClient => ({
  ...{ tenantId: "t", serverId: "s", region: "", version: 1, serverUrl: server.url, clientSecret: CLIENT.secret },
  settings: oauthSettingsSchema.parse({ clientId: CLIENT.id, issuer: server.origin, scope: "mcp:tools", ...settings }),
  ...more,
});
let now = 1_000_000_000_000;
const keeper = () => new TokenKeeper(() => now);

describe("a token", () => {
  test("is found by its issuer, asked for with resource and scope, and kept", async () => {
    const server = await serve();
    const tokens = keeper();
    const first = await tokens.get(client(server), policy);
    expect(first).toMatchObject({ fresh: true, state: { problem: "", expiresAt: now + 3_600_000 } });
    expect(await tokens.get(client(server), policy)).toMatchObject({ token: first.token, fresh: false });
    expect(server.asked).toEqual(["GET /.well-known/oauth-authorization-server", "POST /token"]);
    const [sent] = server.tokenRequests;
    expect(Object.fromEntries(sent?.body ?? [])).toEqual({
      grant_type: "client_credentials",
      resource: server.url,
      scope: "mcp:tools",
    });
    expect(sent?.authorization).toMatch(/^Basic /);
  });

  test("is asked for in the body where the server wants it there, straight at a given endpoint", async () => {
    const server = await serve();
    await keeper().get(
      client(server, {}, { issuer: "", tokenEndpoint: `${server.origin}/token`, method: "post" }),
      policy,
    );
    expect(server.asked).toEqual(["POST /token"]);
    expect(server.tokenRequests[0]?.authorization).toBe("");
    expect(server.tokenRequests[0]?.body.get("client_secret")).toBe(CLIENT.secret);
  });

  test("is asked for once, however many ask at once", async () => {
    const server = await serve();
    const tokens = keeper();
    const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get(client(server), policy)));
    expect(new Set(got.map((g) => g.token)).size).toBe(1);
    expect(server.tokenRequests).toHaveLength(1);
  });

  test("is renewed a minute before its end, a short one at nine tenths of its life", async () => {
    expect([earlyMs(3_600), earlyMs(600), earlyMs(100)]).toEqual([60_000, 60_000, 10_000]);
    const server = await serve();
    server.lifeS = 100;
    const tokens = keeper();
    const first = await tokens.get(client(server), policy);
    now += 89_000;
    expect((await tokens.get(client(server), policy)).token).toBe(first.token);
    now += 1_000;
    expect((await tokens.get(client(server), policy)).token).not.toBe(first.token);
    expect(server.tokenRequests).toHaveLength(2);
  });

  test("that the server refused is asked for anew, and only while it is still the one", async () => {
    const server = await serve();
    const tokens = keeper();
    const first = (await tokens.get(client(server), policy)).token as string;
    tokens.refused(client(server), first);
    const second = (await tokens.get(client(server), policy)).token as string;
    expect(second).not.toBe(first);
    tokens.refused(client(server), first);
    expect(tokens.held(client(server))?.token).toBe(second);
  });

  test.each<[what: string, other: Partial<OAuthClient>]>([
    ["another tenant", { tenantId: "t2" }],
    ["another server", { serverId: "s2" }],
    ["another region", { region: "fra" }],
    ["another version of the credential", { version: 2 }],
    ["ids that run together as the first one's do", { tenantId: 't","s', serverId: "" }],
  ])("is never given to %s", async (_what, other) => {
    const server = await serve();
    const tokens = keeper();
    const first = await tokens.get(client(server), policy);
    expect(tokens.held(client(server, other))).toBeNull();
    expect((await tokens.get(client(server, other), policy)).token).not.toBe(first.token);
  });
});

describe("no token", () => {
  test.each<[fault: AuthFault, code: string]>([
    ["wrong issuer", "as_unreachable"],
    ["private token endpoint", "blocked"],
    ["token error that quotes the secret", "error"],
    ["token redirect", "malformed"],
    ["token of 10 MB", "too_large"],
    ["slow token", "timeout"],
    ["no token in the answer", "malformed"],
    ["packed token", "too_large"],
  ])("%s is %s, and nothing of it is quoted", { timeout: 15_000 }, async (fault, code) => {
    const server = await serve(fault);
    const got = await keeper().get(client(server), policy);
    expect(got).toMatchObject({ token: null, state: { code } });
    expect(got.state.problem).toMatch(/^[A-Z].*\.$/);
    expect(JSON.stringify(got)).not.toContain(CLIENT.secret);
  });

  test("a wrong secret is invalid_client, and is not tried again for a minute", async () => {
    const server = await serve();
    const tokens = keeper();
    const wrong = client(server, { clientSecret: "nope" });
    expect(await tokens.get(wrong, policy)).toMatchObject({ token: null, state: { code: "invalid_client" } });
    now += 59_000;
    await tokens.get(wrong, policy);
    expect(server.tokenRequests).toHaveLength(1);
    now += 1_000;
    await tokens.get(wrong, policy);
    expect(server.tokenRequests).toHaveLength(2);
  });

  test("a failure from before the clock was set back is not believed until it is as late again", async () => {
    const server = await serve();
    const tokens = keeper();
    await tokens.get(client(server, { clientSecret: "nope" }), policy);
    now -= 86_400_000;
    expect(tokens.held(client(server, { clientSecret: "nope" }))).toBeNull();
  });

  test("an address that nobody allowed is never asked", async () => {
    const server = await serve();
    const given = await keeper().get(client(server), { allow: [] });
    expect(given).toMatchObject({ token: null });
    expect(server.asked).toEqual([]);
  });

  test("a secret goes to no plain endpoint of a server that is not plain itself", async () => {
    const server = await serve();
    const given = await keeper().get(client(server, { serverUrl: "https://mcp.example.com/mcp" }), policy);
    expect(given).toMatchObject({ token: null, state: { code: "insecure" } });
    expect(server.tokenRequests).toEqual([]);
  });
});
