import { createHash } from "node:crypto";
import { expect, PEOPLE, test } from "./fixtures.ts";
import { at } from "./where.ts";

const PAGES = [
  "/",
  "/servers",
  "/servers/new",
  "/incidents",
  "/sinks",
  "/sinks/new",
  "/routes",
  "/silences",
  "/audit",
  "/platform",
];

test("a stranger gets no page, only the way to sign in", async ({ request }) => {
  for (const path of PAGES) {
    const answer = await request.get(path, { maxRedirects: 0 });
    expect([307, 302], path).toContain(answer.status());
    expect(answer.headers().location, path).toMatch(/\/sign-in/);
  }
  expect((await request.get("/api/live")).status()).toBe(401);
});

test("a made-up cookie opens nothing, although it passes the redirect", async ({ request }) => {
  for (const path of PAGES) {
    const answer = await request.get(path, { maxRedirects: 0, headers: { cookie: "tocsin.session=made-up" } });
    expect(answer.status(), path).toBe(307);
  }
});

test("no header and no form of an address gets a stranger past the session", async ({ request }) => {
  const names = ["proxy", "middleware", "src/middleware", "pages/_middleware"];
  const bypasses: Record<string, string>[] = [
    ...names.flatMap((name) =>
      [1, 5, 8].map((n) => ({ "x-middleware-subrequest": Array(n).fill(name).join(":") }) as Record<string, string>),
    ),
    { rsc: "1" },
    { rsc: "1", "next-router-prefetch": "1" },
    { rsc: "1", "next-router-segment-prefetch": "/_tree" },
    { "x-forwarded-host": "evil.example", "x-forwarded-for": "127.0.0.1" },
  ];
  for (const headers of bypasses) {
    const answer = await request.get("/servers", {
      maxRedirects: 0,
      headers: { ...headers, cookie: "tocsin.session=made-up" },
    });
    expect(answer.status(), JSON.stringify(headers)).toBe(307);
    // Next sends its own kind of request to the address that it should have had: as empty as the rest.
    expect(answer.headers().location, JSON.stringify(headers)).toMatch(
      /^(http:\/\/127\.0\.0\.1:\d+)?\/(sign-in|servers\?_rsc)/,
    );
  }
  for (const path of [
    "/servers.rsc",
    "/servers.segments/_tree.segment.rsc",
    "/servers?nxtPid=1",
    "/_next/data/x/servers.json",
  ]) {
    const answer = await request.get(path, { maxRedirects: 0, headers: { cookie: "tocsin.session=made-up" } });
    expect(answer.status(), path).not.toBe(200);
    expect(answer.status(), path).toBeLessThan(500);
  }
});

test("signing in leads back to the page that was asked for", async ({ as }) => {
  const page = await as("operator", { to: "/incidents?state=open" });
  await expect(page).toHaveURL(/\/incidents\?state=open$/);
  await expect(page.getByText(PEOPLE.operator)).toBeVisible();
});

test("the session's cookie is for this host alone, and the database keeps only its hash", async ({ as, db }) => {
  const page = await as("operator");
  const cookie = (await page.context().cookies(at.console)).find((c) => c.name.endsWith("tocsin.session"));
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });
  const hash = createHash("sha256")
    .update(cookie?.value ?? "")
    .digest("hex");
  const rows = await db.rows<{ n: number }>(
    "SELECT count(*)::int AS n FROM session WHERE encode(token_hash, 'hex') = $1",
    [hash],
  );
  expect(rows[0]?.n).toBe(1);
  const plain = await db
    .rows("SELECT 1 FROM session WHERE token_hash = convert_to($1, 'UTF8')", [cookie?.value])
    .catch(() => []);
  expect(plain).toEqual([]);
});

test("signing out ends the session itself, not only the cookie", async ({ as, request }) => {
  const page = await as("operator");
  const cookie = (await page.context().cookies(at.console)).find((c) => c.name.endsWith("tocsin.session"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
  const answer = await request.get("/servers", {
    maxRedirects: 0,
    headers: { cookie: `${cookie?.name}=${cookie?.value}` },
  });
  expect(answer.status()).toBe(307);
});

test("signing out at the identity provider signs out here", async ({ as, db }) => {
  const page = await as("operator2");
  const [person] = await db.rows<{ id: string; issuer: string }>("SELECT id, issuer FROM person WHERE name = $1", [
    PEOPLE.operator2,
  ]);
  const ended = () =>
    db.rows("SELECT 1 FROM audit.event WHERE action = 'session.ended' AND target = $1", [`person:${person?.id}`]);
  const before = (await ended()).length;
  await page.goto(`${person?.issuer}/session/end`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
  await page.goto("/servers");
  await expect(page).toHaveURL(/\/sign-in/);
  expect((await ended()).length).toBeGreaterThan(before);
});

test("one sees where one is signed in, and ends all others", async ({ as }) => {
  const lost = await as("root2");
  const page = await as("root2");
  await page.getByRole("link", { name: "Your sessions" }).click();
  await expect(page.getByRole("heading", { name: "Your sessions" })).toBeVisible();
  await expect(page.getByText("this one")).toBeVisible();
  await expect(page.getByText("127.0.0.1").first()).toBeVisible();
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByRole("button", { name: "End them" }).click();
  await expect(page.getByText("1 session", { exact: true })).toBeVisible();
  await lost.goto("/platform");
  await expect(lost).toHaveURL(/\/sign-in/);
});

test("what matters asks who one is again, and brings one back to what was typed", async ({ as, db }) => {
  const page = await as("root2");
  const cookie = async () =>
    (await page.context().cookies(at.console)).find((c) => c.name.endsWith("tocsin.session"))?.value;
  const before = await cookie();
  await db.rows(
    "UPDATE session s SET auth_time = now() - interval '6 minutes' FROM person p WHERE p.id = s.person_id AND p.name = $1",
    [PEOPLE.root2],
  );
  const slug = `step-up-${before
    ?.slice(0, 6)
    .replace(/[^a-z0-9]/gi, "0")
    .toLowerCase()}`;
  await page.goto("/tenants");
  const form = page.getByRole("form", { name: "Add a tenant" });
  await form.getByLabel("Name").fill("Step-up Works");
  await form.getByLabel("Slug").fill(slug);
  await form.getByRole("button", { name: "Add tenant" }).click();
  await expect(form.getByText("Confirm that it is you")).toBeVisible();
  expect(await db.rows("SELECT 1 FROM tenant WHERE slug = $1", [slug])).toEqual([]);
  await form.getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("button", { name: PEOPLE.root2 }).click();
  await expect(page).toHaveURL(/\/tenants$/);
  await expect(form.getByLabel("Name")).toHaveValue("Step-up Works");
  expect(await cookie()).not.toBe(before);
  await form.getByRole("button", { name: "Add tenant" }).click();
  await expect(page.getByText(slug).first()).toBeVisible();
});

test("every answer carries the same rules for browsers, pages with a nonce of their own each time", async ({ as }) => {
  const page = await as("operator");
  const nonces = new Set<string>();
  for (const path of ["/", "/servers", "/audit", "/account", "/sign-in", "/nowhere", "/api/auth/csrf", "/live"]) {
    const answer = await page.request.get(path);
    const headers = answer.headers();
    expect(headers["strict-transport-security"], path).toBe("max-age=63072000; includeSubDomains");
    expect(headers["x-content-type-options"], path).toBe("nosniff");
    expect(headers["referrer-policy"], path).toBe("same-origin");
    expect(headers["cross-origin-opener-policy"], path).toBe("same-origin");
    expect(headers["cross-origin-resource-policy"], path).toBe("same-origin");
    expect(headers["cache-control"], path).toContain("no-store");
    expect(headers["x-powered-by"], path).toBeUndefined();
    expect(headers["access-control-allow-origin"], path).toBeUndefined();
    const policy = headers["content-security-policy"] ?? "";
    const nonce = /script-src 'nonce-([^']+)' 'strict-dynamic'/.exec(policy)?.[1] ?? "";
    for (const rule of [
      "default-src 'none'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "report-to csp",
    ])
      expect(policy, path).toContain(rule);
    expect(nonces, path).not.toContain(nonce);
    nonces.add(nonce);
    const bare = [...(await answer.text()).matchAll(/<script(?![^>]*\snonce=)[^>]*>/g)].map(([tag]) => tag);
    expect(bare, path).toEqual([]);
  }
});

test("a change that another site sends with somebody's cookie is refused and in that person's log", async ({
  as,
  db,
}) => {
  const page = await as("operator");
  const count = async () =>
    (
      await db.rows<{ n: number }>(
        "SELECT count(*)::int AS n FROM audit.event WHERE action = 'access.refused' AND body LIKE '%E_ORIGIN%'",
      )
    )[0]?.n ?? 0;
  const before = await count();
  const forged: Record<string, string>[] = [
    { origin: "null" },
    { origin: "https://evil.example" },
    { referer: "https://evil.example/" },
    { origin: at.console, "sec-fetch-site": "cross-site" },
  ];
  for (const headers of forged) {
    const answer = await page.request.post("/servers", { headers: { ...headers, "next-action": "00" }, data: "[]" });
    expect(answer.status()).toBe(403);
    expect(await answer.json()).toMatchObject({ code: "E_ORIGIN" });
  }
  expect((await count()) - before).toBe(forged.length);
});

test("too much at once is refused before it is read, an unknown action without a fault", async ({ as }) => {
  const page = await as("operator");
  const own = { origin: at.console, "next-action": "00" };
  const nested = `${"[".repeat(2_500_000)}${"]".repeat(2_500_000)}`;
  const since = performance.now();
  const answer = await page.request.post("/servers", { headers: own, data: nested });
  expect(answer.status()).toBe(413);
  expect(await answer.json()).toMatchObject({ code: "E_TOO_LARGE" });
  expect(performance.now() - since).toBeLessThan(3_000);
  const circular = JSON.stringify(["$1", { a: "$2" }, { b: "$1" }]);
  for (const data of ["[]", circular, '["$F1"]', "{", ""]) {
    const status = (await page.request.post("/servers", { headers: own, data })).status();
    expect([400, 404], data).toContain(status);
  }
});

test("a session idle for 30 minutes opens nothing any more", async ({ as, db }) => {
  const page = await as("customer");
  await db.rows(
    "UPDATE session s SET last_seen_at = now() - interval '31 minutes' FROM person p WHERE p.id = s.person_id AND p.name = $1",
    [PEOPLE.customer],
  );
  await page.goto("/servers");
  await expect(page).toHaveURL(/\/sign-in/);
});
