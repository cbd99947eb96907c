// Behind https every cookie of the console belongs to this host and to TLS alone, and fits into every browser.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type TestDatabase, testDatabase } from "../../lib/testing/database.ts";
import { type TestProvider, testProvider } from "../../lib/testing/identity-provider.ts";
import { testSettings } from "../../lib/testing/settings.ts";

vi.mock("server-only", () => ({}));

const BASE = "https://tocsin.example.com";
let db: TestDatabase;
let idp: TestProvider;
let door: typeof import("./door.ts").door;
let forgetKey: () => void;

beforeAll(async () => {
  db = await testDatabase();
  idp = await testProvider("test");
  forgetKey = testSettings(db);
  Object.assign(process.env, {
    OIDC_ISSUER: idp.issuer,
    DATABASE_URL_APP: db.appUrl,
    LOG_LEVEL: "fatal",
    TOCSIN_URL: BASE,
    NEXTAUTH_URL: BASE,
  });
  ({ door } = await import("./door.ts"));
});
afterAll(async () => {
  await (await import("./db.ts")).db().close();
  await idp.close();
  await db.close();
  forgetKey();
});

test("each is __Host-, Secure, HttpOnly, SameSite=Lax, for every path, without a domain, and under 4,096 bytes", async () => {
  const jar = new Map<string, string>();
  const seen = new Map<string, string>();
  async function send(path: string, form?: Record<string, string>): Promise<Response> {
    const request = new Request(`${BASE}${path}`, {
      method: form ? "POST" : "GET",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    const nextauth = new URL(request.url).pathname.split("/").slice(3);
    const answer = await door(request, { params: Promise.resolve({ nextauth }) });
    for (const set of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (set.split(";")[0] ?? "").split(/=(.*)/s);
      jar.set(name, value);
      seen.set(name, set);
    }
    return answer;
  }
  const { csrfToken } = (await (await send("/api/auth/csrf")).json()) as { csrfToken: string };
  const begun = await send("/api/auth/signin/oidc?again=1", { csrfToken, callbackUrl: "/", json: "true" });
  const asked = new URL(((await begun.json()) as { url: string }).url).searchParams;
  seen.delete("__Host-tocsin.asked");
  const asks = begun.headers.getSetCookie();
  const code = idp.code({ sub: "s", nonce: asked.get("nonce") ?? undefined });
  await send(`/api/auth/callback/oidc?${new URLSearchParams({ code, state: asked.get("state") ?? "" })}`);
  const all = [...new Set([...asks, ...seen.values()])];
  expect(new Set(all.map((set) => set.split("=", 1)[0]))).toEqual(
    new Set(["session", "callback", "csrf", "pkce", "state", "nonce", "asked"].map((name) => `__Host-tocsin.${name}`)),
  );
  for (const set of all) {
    expect(set).toMatch(/; Path=\/(;|$)/);
    expect(set).toMatch(/; HttpOnly/);
    expect(set).toMatch(/; Secure/);
    expect(set).toMatch(/; SameSite=Lax/);
    expect(set).not.toMatch(/domain=/i);
    expect(Buffer.byteLength(set)).toBeLessThan(4_096);
  }
});
