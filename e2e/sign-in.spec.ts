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

test("a session idle for 30 minutes opens nothing any more", async ({ as, db }) => {
  const page = await as("customer");
  await db.rows(
    "UPDATE session s SET last_seen_at = now() - interval '31 minutes' FROM person p WHERE p.id = s.person_id AND p.name = $1",
    [PEOPLE.customer],
  );
  await page.goto("/servers");
  await expect(page).toHaveURL(/\/sign-in/);
});
