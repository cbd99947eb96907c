import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { type Layer, may } from "../lib/domain/permissions.ts";
import { newWorld, plant, type Sql, uproot, type World } from "../lib/testing/world.ts";
import { type Database, expect, type Role, test } from "./fixtures.ts";
import { PAGES } from "./matrix/expected.ts";
import { built } from "./matrix/manifest.ts";
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

/** Both themes and both widths on every page; the other two combinations on what is open all day. */
const EVERYWHERE = [LOOKS[0], LOOKS[3]] as const;
const MAIN = /^\/(incidents|servers|sinks|audit|approvals|portal)?(\/\[id\])?$|^\/portal\/(incidents|servers)$/;

const SEES: readonly (Role & Layer)[] = ["operator", "root", "auditor", "customer"];

/** Who looks at a page: the first layer that may, of those that it is for. */
function looker(route: string): Role | null {
  const page = PAGES[route];
  if (page === undefined) throw new Error(`${route} has no entry in e2e/matrix/expected.ts`);
  if (page.router === "open" || page.router === "door") return null;
  if (page.router === "self") return "operator";
  if (page.router === "portal") return "customer";
  return SEES.find((layer) => layer !== "customer" && (page.asks === undefined || may([layer], page.asks))) ?? null;
}

/** Rows in everything that a page lists, with names as long and as hostile as they get. */
async function furnished(db: Database, name: string): Promise<{ rows: World; platform: World; away(): Promise<void> }> {
  const sql: Sql = (text, params) => db.rows(text, params);
  const long = "y".repeat(80);
  const acme = await db.acme();
  const { serverId, id } = await seededIncident(db, acme, `Readable ${name} ${long}`);
  await db.rows(
    `INSERT INTO server_now (tenant_id, server_id, last_slot, status, since, server_name, tools)
     VALUES ($1, $2, now(), 'up', now(), $3, $4)`,
    [
      acme,
      serverId,
      `\u202e<b>${long}${long}`,
      { count: 1, contractHash: "a", fullHash: "b", names: [long + long.slice(0, 40), "<script>"] },
    ],
  );
  const person = randomUUID();
  await db.rows(
    "INSERT INTO person (id, issuer, subject, name, email, groups, created_at, last_seen_at) VALUES ($1, 'https://read.example.com', $2, $3, $3, $4, now(), now())",
    [person, person, `Reader ${long}`, [`a-group-${long}`, "tocsin-customer-acme"]],
  );
  const furniture = FURNITURE.filter((table) => table !== "public.server_now");
  const rows = await plant(sql, { ...newWorld(acme, "acme"), target: person, number: 4321 }, furniture);
  // The incident that is looked at has its postmortem as well.
  await sql(
    `INSERT INTO postmortem SELECT r.* FROM postmortem p, jsonb_populate_record(p, jsonb_build_object('incident_id', $2::text)) r
     WHERE p.tenant_id = $3 AND p.incident_id = $1::uuid`,
    [rows.incident, id, acme],
  );
  const platform = await plant(sql, newWorld(PLATFORM, "tocsin"), ["public.audit_stream", "public.approval"]);
  await sql("UPDATE audit_stream SET created_at = now(), updated_at = now() WHERE id = $1", [platform.stream]);
  return {
    rows: { ...rows, incident: id, server: serverId, stream: platform.stream },
    platform,
    async away() {
      await uproot(sql, rows, furniture);
      await db.rows("DELETE FROM person WHERE id = $1", [person]);
      await db.rows("DELETE FROM audit_stream_cursor WHERE stream_id = $1", [platform.stream]);
      await uproot(sql, platform, ["public.audit_stream", "public.approval"]);
    },
  };
}

const PLATFORM = "00000000-0000-4000-8000-000000000001";
const FURNITURE = [
  "server",
  "server_now",
  "sink",
  "policy",
  "contact",
  "schedule",
  "schedule_override",
  "silence",
  "incident",
  "incident_event",
  "notice",
  "delivery",
  "delivery_try",
  "postmortem",
  "action_item",
]
  .concat("impersonation_grant", "approval", "erasure_request", "address_allowance")
  .map((name) => `public.${name}`);

test("every page can be read by everybody, in light and dark, wide and on a phone", async ({ as, db, browser }) => {
  test.setTimeout(400_000);
  const routes = built().pages;
  const { rows, away } = await furnished(db, "by everybody");
  try {
    // People beside each other, each with a browser of their own: most of the time is one page's scripts waiting.
    const wrong = await Promise.all(
      [...new Set(routes.map(looker))].map(async (role) => {
        const context = role === null ? await browser.newContext() : null;
        const page = context === null ? await as(role as Role) : await context.newPage();
        const heard = complaints(page);
        const found: string[] = [];
        for (const route of routes.filter((r) => looker(r) === role)) {
          const id = PAGES[route]?.id;
          const path = id === undefined ? route : route.replace("[id]", String(rows[id]));
          found.push(...(await faults(page, path, 200, MAIN.test(route) ? LOOKS : EVERYWHERE)));
        }
        if (role === "operator") {
          found.push(...(await faults(page, "/sinks/new?kind=slack", 200)));
          found.push(...(await faults(page, "/roles", 403)));
          found.push(...(await faults(page, "/nothing-here", 404)));
        }
        await context?.close();
        return [...found, ...heard];
      }),
    );
    expect(wrong.flat()).toEqual([]);
  } finally {
    await away();
  }
});

async function faults(
  page: Page,
  path: string,
  status: number,
  looks: readonly (typeof LOOKS)[number][] = EVERYWHERE,
): Promise<string[]> {
  await dress(page, looks[0] ?? LOOKS[0]);
  const answer = await page.goto(path);
  const found: string[] = [];
  if (answer?.status() !== status) found.push(`${path}: HTTP ${answer?.status()}`);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  for (const look of looks) {
    await dress(page, look);
    await page.waitForFunction(
      (dark) => document.documentElement.classList.contains("dark") === dark,
      look.colorScheme === "dark",
    );
    const where = `${path} (${look.colorScheme}, ${look.width})`;
    const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
    for (const v of violations) found.push(`${where}: ${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (over > 0) found.push(`${where} scrolls sideways by ${over} px`);
  }
  return found;
}

/** The page follows the system's theme and the window, as it does for a person who turns a phone or dims the room. */
async function dress(page: Page, look: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width: look.width, height: look.width < 600 ? 844 : 900 });
}

test("somebody without any role gets a page that can be read and says so", async ({ browser, db, baseURL }) => {
  const [id, token] = [randomUUID(), randomUUID()];
  await db.rows(
    "INSERT INTO person (id, issuer, subject, name, created_at, last_seen_at) VALUES ($1, 'https://nobody.example.com', $2, 'Nobody Yet', now(), now())",
    [id, id],
  );
  await db.rows(
    `INSERT INTO session (id, token_hash, person_id, created_at, last_seen_at, expires_at, groups_checked_at)
     VALUES ($1, $2, $3, now(), now(), now() + interval '1 hour', now())`,
    [randomUUID(), createHash("sha256").update(token).digest(), id],
  );
  const context = await browser.newContext();
  await context.addCookies([{ name: "tocsin.session", value: token, url: baseURL ?? "" }]);
  const page = await context.newPage();
  await page.goto("/");
  await expect(page).toHaveURL(/\/no-access$/);
  expect(await faults(page, "/no-access", 200)).toEqual([]);
  await context.close();
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
