// The log as people use it: the auditor reads it through filters that live in the address, proves it and takes it away;
// an operator reviews a day in which something unusual happened, and stands in the log for it.
import { readFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { type Database, expect, test } from "./fixtures.ts";
import type { Page } from "@playwright/test";

async function atAcme(page: Page): Promise<Page> {
  await page.getByRole("combobox", { name: "Tenant" }).first().selectOption({ label: "Acme" });
  await page.waitForURL("/");
  return page;
}

const DAY_MS = 86_400_000;
const day = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);

/** Rows of days ago: the chain is by order of writing and the time is part of the hash, so the log stays whole. */
async function happened(db: Database, ago: number): Promise<void> {
  const tenant = await db.acme();
  const at = `${day(ago)}T11:00:00Z`;
  await db.rows("SELECT app.make_audit_partitions($1::date, 2)", [day(ago)]);
  const write = (actor: string, action: string, target: string, body: object) =>
    db.rows(
      `INSERT INTO audit.event (id, tenant_id, at, actor, action, target, body) VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6)`,
      [tenant, at, actor, action, target, JSON.stringify(body)],
    );
  const shell = "00000000-0000-4000-8000-0000000000a3";
  await write(shell, "address.allow", "allowance:1", { cidr: "10.20.0.0/16", portFrom: 443, portTo: 443 });
  const [omar] = await db.rows<{ id: string }>("SELECT id FROM person WHERE name = 'Olga Operator'");
  if (omar) await write(omar.id, "sink.remove", "sink:1", { kind: "slack", name: "Slack · #ops" });
}

test("the auditor filters the log, verifies it with a clear result and exports it, and the export is in the log", async ({
  as,
}) => {
  const page = await atAcme(await as("auditor"));
  await page.goto("/audit");
  await expect(page.getByText(/Sealed to #\d+/)).toBeVisible();

  await page.getByRole("button", { name: "Verify this log" }).click();
  await expect(page.getByText(/Nothing was changed.* events and checkpoints up to #\d+ were checked/)).toBeVisible({
    timeout: 30_000,
  });

  const saved = page.waitForEvent("download");
  await page.getByLabel("What the export is for (optional)").fill("The yearly audit of Acme by Example & Partners");
  await page.getByRole("button", { name: "Export" }).click();
  const lines = readFileSync(await (await saved).path(), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ kind: "manifest", value: { format: "tocsin-audit-export/1" } });
  expect(new Set(lines.map((l) => l.kind))).toEqual(new Set(["manifest", "link", "event", "checkpoint"]));

  await page.goto("/audit");
  await page.getByRole("link", { name: "Exports" }).click();
  await expect(page).toHaveURL(/action=audit\.export/);
  const row = page.getByRole("table").locator("tr", { hasText: "took the log away with its proof" }).first();
  await row.locator("summary").click();
  await expect(row.getByText("The yearly audit of Acme by Example & Partners")).toBeVisible();
  await page.getByRole("combobox", { name: "What" }).selectOption("");
  await page.getByLabel("To (UTC)").fill("2020-01-01");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/to=2020-01-01/);
  await expect(page.getByText("No row matches")).toBeVisible();
});

test("a filter is kept under a name of one's own, found again, and taken off again", async ({ as }) => {
  const page = await atAcme(await as("auditor"));
  const name = `Servers ${Date.now()}`;
  await page.goto("/audit?action=server.register");
  await page.getByText("Keep this filter as a view").click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await expect(page.getByRole("link", { name })).toHaveAttribute("aria-current", "true");
  await page.goto("/audit");
  await page.getByRole("link", { name }).click();
  await expect(page).toHaveURL(/action=server\.register/);
  await page.getByRole("button", { name: `Remove the view “${name}”` }).click();
  await expect(page.getByRole("link", { name })).toHaveCount(0);
});

test("the auditor asks all tenants at once, and a row says whose it is", async ({ as }) => {
  const page = await as("auditor");
  await page.goto("/audit?tenant=all");
  await expect(page.getByRole("columnheader", { name: "Tenant" })).toBeVisible();
  await expect(page.getByRole("cell", { name: "Acme" }).first()).toBeVisible();
  await expect(page.getByRole("cell", { name: "This installation" }).first()).toBeVisible();
});

test("an operator reviews yesterday: what is unusual stands first with why, and the reviewer is in the log", async ({
  as,
  db,
}) => {
  await as("operator2");
  await happened(db, 1);
  const page = await as("operator");
  await page.goto("/audit");
  await page.getByRole("link", { name: "Daily review" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Daily review: ${day(1)}`);
  const table = page.getByRole("region", { name: "Unusual rows" });
  await expect(table.getByText("Afterwards fewer people hear of what goes wrong.").first()).toBeVisible();
  await expect(table.getByText("It changes which private addresses may be reached.").first()).toBeVisible();
  await page.getByRole("button", { name: "Mark as reviewed" }).click();
  await expect(page.getByText("Say what you make of the unusual rows")).toBeVisible();
  await page.getByLabel("What you make of it").fill("Both were planned, ticket 4711.");
  await page.screenshot({ path: test.info().outputPath("review.png"), fullPage: true });
  await page.getByRole("button", { name: "Mark as reviewed" }).click();
  await expect(page.getByText(/Reviewed by Omar Operator/)).toBeVisible();
  await expect(page.getByRole("link", { name: new RegExp(`${day(1)}.*reviewed by Omar Operator`) })).toBeVisible();

  const second = await as("operator2");
  await second.goto(`/audit/review?day=${day(1)}`);
  await expect(second.getByText(/Reviewed by Omar Operator/)).toBeVisible();
  await expect(second.getByRole("button", { name: "Mark as reviewed" })).toHaveCount(0);
  await second.goto("/audit?action=audit.review");
  await expect(second.getByText(`reviewed the log of ${day(1)}`)).toBeVisible();
});

test("nobody reviews a day with their own unusual acts while a colleague could, and an older day is overdue", async ({
  as,
  db,
}) => {
  const page = await as("operator2");
  await happened(db, 3);
  await page.goto("/audit");
  await expect(page.getByText(/not reviewed in time/)).toBeVisible();
  await page.goto(`/audit/review?day=${day(3)}`);
  await expect(page.getByText("Done by you: ask somebody else.").first()).toBeVisible();
  await expect(page.getByText("Some of the unusual rows are your own")).toBeVisible();
  await expect(page.getByRole("button", { name: "Mark as reviewed" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: new RegExp(`${day(3)}.*overdue`) })).toBeVisible();
});

for (const [colorScheme, width] of [
  ["light", 1440],
  ["dark", 390],
] as const) {
  test(`the log, its result, a review and a report are accessible and fit: ${colorScheme}, ${width} px`, async ({
    as,
    db,
  }) => {
    const page = await atAcme(await as("auditor", { colorScheme, width }));
    await happened(db, 5);
    await page.goto("/audit");
    await page.getByRole("button", { name: "Verify this log" }).click();
    await expect(page.getByText(/were checked/)).toBeVisible({ timeout: 30_000 });
    await page.getByRole("table").locator("summary").first().click();
    await check(page, "audit");
    await page.goto(`/audit/review?day=${day(5)}`);
    await page.getByRole("region", { name: "Unusual rows" }).locator("summary").first().click();
    await check(page, "review");
    await page.goto("/reports");
    await check(page, "reports");
  });
}

async function check(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(violations.map((v) => `${name} ${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  await page.screenshot({ path: test.info().outputPath(`${name}.png`), fullPage: true });
}

test("an operator reads the log of their tenant, and may neither verify nor export it", async ({ as }) => {
  const page = await as("operator");
  expect((await page.goto("/audit"))?.status()).toBe(200);
  await expect(page.getByRole("button", { name: "Verify this log" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Export" })).toHaveCount(0);
  for (const path of ["/audit/verify", "/audit/export"]) {
    const status = await page.evaluate(async (p) => (await fetch(p, { method: "POST" })).status, path);
    expect(status, path).toBe(403);
  }
});
