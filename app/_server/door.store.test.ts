// Signing in against a provider that lies: each of its lies, and each answer that another browser began, opens nothing and
// is in the log. Three checks are taken out in turn: without them the same attack gets in, so the tests would notice.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "../../lib/testing/database.ts";
import { type Grant, type TestProvider, testProvider } from "../../lib/testing/identity-provider.ts";
import { testSettings } from "../../lib/testing/settings.ts";

vi.mock("server-only", () => ({}));

/** Which checks the library is told to make: all three, but where a test takes one out. */
const checks = vi.hoisted(() => ({ now: ["pkce", "state", "nonce"] as ("pkce" | "state" | "nonce")[] }));
vi.mock("./auth.ts", async (original) => {
  const real = await original<typeof import("./auth.ts")>();
  const authOptions: typeof real.authOptions = (...args) => {
    const options = real.authOptions(...args);
    const [provider] = options.providers as { checks?: unknown }[];
    if (provider) provider.checks = provider.checks && checks.now;
    return options;
  };
  return { ...real, authOptions };
});

let db: TestDatabase;
let idp: TestProvider;
let door: typeof import("./door.ts").door;
let forget: () => void;
const undo: (() => void)[] = [];
const BASE = "http://127.0.0.1:3000";

beforeAll(async () => {
  db = await testDatabase();
  idp = await testProvider("test");
  undo.push(testSettings(db));
  Object.assign(process.env, {
    OIDC_ISSUER: idp.issuer,
    DATABASE_URL_APP: db.appUrl,
    LOG_LEVEL: "fatal",
    NEXTAUTH_URL: BASE,
  });
  ({ door } = await import("./door.ts"));
  ({ forgetIdentityProvider: forget } = await import("#lib/adapters/oidc"));
});
afterAll(async () => {
  await (await import("./db.ts")).db().close();
  await idp.close();
  await db.close();
  for (const step of undo) step();
});
beforeEach(() => {
  checks.now = ["pkce", "state", "nonce"];
  idp.down = false;
  idp.says.issuer = idp.issuer;
  forget();
});

/** A browser's cookies, and the door as it sees it. */
function browser() {
  const jar = new Map<string, string>();
  async function send(path: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const request = new Request(`${BASE}${path}`, {
      method: form ? "POST" : "GET",
      headers: { cookie, "user-agent": "test", "x-tocsin-address": "198.51.100.7" },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    const nextauth = new URL(request.url).pathname.split("/").slice(3);
    const answer = await door(request, { params: Promise.resolve({ nextauth }) });
    for (const set of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (set.split(";")[0] ?? "").split(/=(.*)/s);
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }
  /** @returns what the provider is asked */
  async function begin(again = false): Promise<URLSearchParams> {
    const { csrfToken } = (await (await send("/api/auth/csrf")).json()) as { csrfToken: string };
    const answer = await send(`/api/auth/signin/oidc${again ? "?again=1" : ""}`, {
      csrfToken,
      callbackUrl: "/servers",
      json: "true",
    });
    return new URL(((await answer.json()) as { url: string }).url).searchParams;
  }
  const back = (params: Record<string, string>) => send(`/api/auth/callback/oidc?${new URLSearchParams(params)}`);
  return { jar, send, begin, back, token: () => jar.get("tocsin.session") };
}

let n = 0;
const somebody = () => `person-${++n}`;
const grantFor = (asked: URLSearchParams, more: Partial<Grant> = {}): Grant => ({
  sub: somebody(),
  groups: ["tocsin-auditor"],
  nonce: asked.get("nonce") ?? undefined,
  challenge: asked.get("code_challenge") ?? undefined,
  ...more,
});

async function refusals(): Promise<string[]> {
  const rows = await db.sql<{ body: string }>(
    "SELECT body FROM audit.event WHERE action = 'session.refused' ORDER BY at",
  );
  return rows.map((row) => (JSON.parse(row.body) as { code: string }).code);
}

async function refused(answer: Response, status: number, code: string, own: ReturnType<typeof browser>): Promise<void> {
  expect({ status: answer.status, code: answer.headers.get("x-tocsin-code") }).toEqual({ status, code });
  expect(own.token()).toBeUndefined();
  expect((await refusals()).at(-1)).toBe(code);
}

test("whoever the provider vouches for is in, with the time they proved it, where from, and a sealed way to ask again", async () => {
  const b = browser();
  const asked = await b.begin();
  expect(asked.get("max_age")).toBe("43200");
  expect(asked.get("scope")).toBe("openid profile email groups");
  const grant = grantFor(asked);
  const answer = await b.back({ code: idp.code(grant), state: asked.get("state") ?? "" });
  expect(answer.headers.get("location")).toBe(`${BASE}/servers`);
  const [row] = await db.sql(
    `SELECT s.auth_time IS NOT NULL AS proven, s.address, s.idp_sid, octet_length(s.refresh_sealed) > 40 AS sealed
     FROM session s JOIN person p ON p.id = s.person_id WHERE p.subject = $1`,
    [grant.sub],
  );
  expect(row).toEqual({ proven: true, address: "198.51.100.7", idp_sid: `sid-${grant.sub}`, sealed: true });
});

describe("an answer that this browser did not ask for", () => {
  test("without a state, with a foreign one, or in a browser that asked nothing", async () => {
    for (const state of [undefined, "foreign"]) {
      const b = browser();
      const asked = await b.begin();
      await refused(
        await b.back({ code: idp.code(grantFor(asked)), ...(state ? { state } : {}) }),
        400,
        "E_OIDC_CHECK",
        b,
      );
    }
    const b = browser();
    const asked = await browser().begin();
    await refused(
      await b.back({ code: idp.code(grantFor(asked)), state: asked.get("state") ?? "" }),
      400,
      "E_OIDC_CHECK",
      b,
    );
  });

  test("with the PKCE verifier of another tab", async () => {
    const b = browser();
    const first = await b.begin();
    const second = await b.begin();
    const code = idp.code(grantFor(second, { challenge: first.get("code_challenge") ?? "" }));
    await refused(await b.back({ code, state: second.get("state") ?? "" }), 400, "E_OIDC_CHECK", b);
  });

  test.each([
    ["without a nonce", undefined],
    ["with another nonce", "another"],
  ])("%s", async (_, nonce) => {
    const b = browser();
    const asked = await b.begin();
    const code = idp.code(grantFor(asked, { nonce }));
    await refused(await b.back({ code, state: asked.get("state") ?? "" }), 400, "E_OIDC_CHECK", b);
  });
});

describe("an ID token that does not hold", () => {
  const second = () => Math.floor(Date.now() / 1000);
  test.each<[what: string, more: Partial<Grant>]>([
    ["of another issuer", { claims: (c) => ({ ...c, iss: "https://evil.example" }) }],
    ["for another audience", { claims: (c) => ({ ...c, aud: "another" }) }],
    ["for two audiences without saying which", { claims: (c) => ({ ...c, aud: ["test", "another"] }) }],
    ["that nobody signed", { sign: "none" }],
    ["signed with the public key as a secret", { sign: "HS256 with the public key" }],
    ["signed with a key that is not the provider's", { sign: "RS256 with another key" }],
    ["that has expired", { claims: (c) => ({ ...c, exp: second() - 60 }) }],
    ["issued ten minutes from now", { claims: (c) => ({ ...c, iat: second() + 600 }) }],
    ["proven ten minutes from now", { claims: (c) => ({ ...c, auth_time: second() + 600 }) }],
    ["about nobody", { claims: ({ sub: _, ...c }) => c }],
  ])("%s", async (_, more) => {
    const b = browser();
    const asked = await b.begin();
    const answer = await b.back({ code: idp.code(grantFor(asked, more)), state: asked.get("state") ?? "" });
    await refused(answer, 401, "E_ID_TOKEN", b);
  });
});

describe("by removal: with one check taken out, its attack gets in", () => {
  test("state", async () => {
    checks.now = ["pkce", "nonce"];
    const b = browser();
    await b.back({ code: idp.code(grantFor(await b.begin())) });
    expect(b.token()).toBeDefined();
  });

  test("PKCE", async () => {
    checks.now = ["state", "nonce"];
    const b = browser();
    const first = await b.begin();
    const asked = await b.begin();
    const code = idp.code(grantFor(asked, { challenge: first.get("code_challenge") ?? undefined }));
    await b.back({ code, state: asked.get("state") ?? "" });
    expect(b.token()).toBeDefined();
  });

  test("nonce", async () => {
    checks.now = ["pkce", "state"];
    const b = browser();
    const asked = await b.begin();
    await b.back({ code: idp.code(grantFor(asked, { nonce: undefined })), state: asked.get("state") ?? "" });
    expect(b.token()).toBeDefined();
  });
});

describe("confirming that it is you", () => {
  async function again(claims: (c: Record<string, unknown>) => Record<string, unknown>) {
    const b = browser();
    const first = await b.begin();
    const grant = grantFor(first);
    await b.back({ code: idp.code(grant), state: first.get("state") ?? "" });
    const before = b.token();
    await db.sql("UPDATE session SET current_tenant_id = $1", [PLATFORM_TENANT]);
    const asked = await b.begin(true);
    expect(Object.fromEntries(asked)).toMatchObject({ prompt: "login", max_age: "0" });
    const code = idp.code({ ...grantFor(asked, { claims }), sub: grant.sub });
    const answer = await b.back({ code, state: asked.get("state") ?? "" });
    return { answer, before, after: b.token(), sub: grant.sub };
  }

  test("gives a new token, ends the old session, and looks at the same tenant as before", async () => {
    const { before, after, sub } = await again((c) => c);
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
    const rows = await db.sql(
      "SELECT s.current_tenant_id AS at FROM session s JOIN person p ON p.id = s.person_id WHERE p.subject = $1",
      [sub],
    );
    expect(rows).toEqual([{ at: PLATFORM_TENANT }]);
  });

  test.each<[what: string, claims: (c: Record<string, unknown>) => Record<string, unknown>]>([
    ["an older proof is refused", (c) => ({ ...c, auth_time: Number(c.auth_time) - 120 })],
    ["a provider that does not say when is refused", ({ auth_time: _, ...c }) => c],
  ])("%s", async (_, claims) => {
    const { answer, before, after } = await again(claims);
    expect([answer.status, answer.headers.get("x-tocsin-code")]).toEqual([401, "E_ID_TOKEN"]);
    expect(after).toBe(before);
  });

  test("nothing in the address of the sign-in reaches the provider", async () => {
    const b = browser();
    const { csrfToken } = (await (await b.send("/api/auth/csrf")).json()) as { csrfToken: string };
    const answer = await b.send("/api/auth/signin/oidc?prompt=none&redirect_uri=https://evil.example&scope=all", {
      csrfToken,
      callbackUrl: "https://evil.example/",
      json: "true",
    });
    const asked = new URL(((await answer.json()) as { url: string }).url).searchParams;
    expect(asked.get("redirect_uri")).toBe(`${BASE}/api/auth/callback/oidc`);
    expect([asked.get("prompt"), asked.get("scope")]).toEqual([null, "openid profile email groups"]);
  });
});

describe("a provider that is not there", () => {
  test.each<[what: string, make: () => void, status: number, code: string]>([
    ["does not answer", () => (idp.down = true), 503, "E_UNAVAILABLE"],
    ["is another issuer than the settings say", () => (idp.says.issuer = "https://evil.example"), 503, "E_UNAVAILABLE"],
  ])("%s: nobody is signed in, and the answer says so", async (_, make, status, code) => {
    const b = browser();
    const { csrfToken } = (await (await b.send("/api/auth/csrf")).json()) as { csrfToken: string };
    make();
    forget();
    const begun = await b.send("/api/auth/signin/oidc", { csrfToken, callbackUrl: "/", json: "true" });
    expect([begun.status, ((await begun.json()) as { code: string }).code]).toEqual([status, code]);
    const back = await b.back({ code: "c", state: "s" });
    expect([back.status, back.headers.get("x-tocsin-code")]).toEqual([status, code]);
    expect(b.token()).toBeUndefined();
  });
});

test.each(["_log", "session", "providers", "verify-request", "constructor"])(
  "/api/auth/%s is not offered: nobody writes into the log from outside, or asks what is not asked here",
  async (action) => {
    const forged = { level: "error", code: "OAUTH_CALLBACK_forged" };
    const answers = [await browser().send(`/api/auth/${action}`), await browser().send(`/api/auth/${action}`, forged)];
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(answers.flatMap((answer) => answer.headers.getSetCookie())).toEqual([]);
  },
);
