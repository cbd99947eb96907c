import { readFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { seededIncident } from "./rows.ts";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const LOOKS = [
  { colorScheme: "light", width: 1440 },
  { colorScheme: "dark", width: 1440 },
  { colorScheme: "light", width: 390 },
  { colorScheme: "dark", width: 390 },
] as const;

function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy|hydrat|did not match/i.test(message.text()))
      heard.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => heard.push(`${page.url()}: ${error.message}`));
  return heard;
}

for (const look of LOOKS) {
  test(`every page can be read by everybody: ${look.colorScheme}, ${look.width} px`, async ({ as, db }) => {
    test.setTimeout(120_000);
    const long = "y".repeat(80);
    const { id, serverId } = await seededIncident(
      db,
      await db.acme(),
      `Readable ${look.colorScheme} ${look.width} ${long}`,
    );
    await db.rows(
      `INSERT INTO server_now (tenant_id, server_id, last_slot, status, since, server_name, tools)
       VALUES ($1, $2, now(), 'up', now(), $3, $4)`,
      [
        await db.acme(),
        serverId,
        `\u202e<b>${long}${long}`,
        { count: 1, contractHash: "a", fullHash: "b", names: [long + long.slice(0, 40), "<script>"] },
      ],
    );
    const sink = await db.rows<{ id: string }>(
      "SELECT id FROM sink WHERE tenant_id = $1 AND removed_at IS NULL LIMIT 1",
      [await db.acme()],
    );
    const watched = await db.rows<{ id: string }>(
      "SELECT id FROM server WHERE tenant_id = $1 AND NOT paused AND removed_at IS NULL LIMIT 1",
      [await db.acme()],
    );
    const page = await as("operator", look);
    const heard = complaints(page);
    const paths = [
      "/",
      "/servers",
      `/servers/${serverId}`,
      `/servers/${watched[0]?.id ?? serverId}`,
      "/servers/new",
      "/incidents",
      `/incidents/${id}`,
      "/sinks",
      ...sink.map((s) => `/sinks/${s.id}`),
      "/sinks/new",
      "/sinks/new?kind=slack",
      "/routes",
      "/silences",
      "/audit",
      "/platform",
      "/nothing-here",
    ];
    for (const path of paths) {
      const answer = await page.goto(path);
      expect(answer?.status(), path).toBe({ "/audit": 403, "/platform": 403, "/nothing-here": 404 }[path] ?? 200);
      await page.getByRole("heading", { level: 1 }).waitFor();
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      expect(
        violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`),
        path,
      ).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        `${path} scrolls sideways`,
      ).toBeLessThanOrEqual(0);
    }
    expect(heard).toEqual([]);
  });
}

test("the sign-in page can be read by everybody", async ({ page }) => {
  await page.goto("/sign-in");
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  expect(violations).toEqual([]);
});

test("no page loads anything from elsewhere, and no inline script goes without its nonce", async ({ as, baseURL }) => {
  const page = await as("operator");
  const elsewhere: string[] = [];
  page.on("request", (r) => {
    if (!r.url().startsWith(baseURL ?? "") && !r.url().startsWith("data:")) elsewhere.push(r.url());
  });
  for (const path of ["/", "/servers", "/sinks/new", "/routes"]) {
    const answer = await page.goto(path);
    const policy = answer?.headers()["content-security-policy"] ?? "";
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("'strict-dynamic'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    const html = (await answer?.text()) ?? "";
    for (const [tag] of html.matchAll(/<script\b[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`);
  }
  expect(elsewhere).toEqual([]);
});

test("the console is worked with the keyboard alone", async ({ as }) => {
  const page = await as("operator", { to: "/servers" });
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the page" })).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("sinks");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/sinks$/);
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/\/servers$/);
  await page.getByRole("heading", { name: "Servers" }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/servers\/[0-9a-f-]{36}$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
});

test("fonts come from this host", () => {
  const css = readFileSync(new URL("../app/globals.css", import.meta.url), "utf8");
  expect(css).not.toMatch(/https?:\/\//);
});
