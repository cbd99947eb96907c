// The auditor's day: reads the log through filters that live in the address, proves it, and takes it away.
import { readFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./fixtures.ts";

test("the auditor filters the log, verifies it with a clear result and exports it, and the export is in the log", async ({
  as,
}) => {
  const page = await as("auditor");
  await page.getByRole("combobox", { name: "Tenant" }).first().selectOption({ label: "Acme" });
  await page.waitForURL("/");
  await page.goto("/audit");
  await expect(page.getByText(/Sealed to #\d+/)).toBeVisible();

  await page.getByRole("button", { name: "Verify this log" }).click();
  await expect(page.getByText(/Nothing was changed.* events and checkpoints up to #\d+ were checked/)).toBeVisible({
    timeout: 30_000,
  });

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const lines = readFileSync(await (await saved).path(), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ kind: "manifest", value: { format: "tocsin-audit-export/1" } });
  expect(new Set(lines.map((l) => l.kind))).toEqual(new Set(["manifest", "link", "event", "checkpoint"]));

  await page.goto("/audit?action=audit.export");
  await expect(page.getByRole("table").getByText("audit.export").first()).toBeVisible();
  await page.getByRole("combobox", { name: "What" }).selectOption("");
  await page.getByLabel("To (UTC)").fill("2020-01-01");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/to=2020-01-01/);
  await expect(page.getByText("No row matches")).toBeVisible();
});

for (const [colorScheme, width] of [
  ["light", 1440],
  ["dark", 390],
] as const) {
  test(`the log and its result are accessible and fit: ${colorScheme}, ${width} px`, async ({ as }) => {
    const page = await as("auditor", { colorScheme, width });
    await page.getByRole("combobox", { name: "Tenant" }).first().selectOption({ label: "Acme" });
    await page.waitForURL("/");
    await page.goto("/audit");
    await page.getByRole("button", { name: "Verify this log" }).click();
    await expect(page.getByText(/were checked/)).toBeVisible({ timeout: 30_000 });
    const { violations } = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
      .analyze();
    expect(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await page.screenshot({ path: test.info().outputPath("audit.png") });
  });
}

test("an operator may neither read, verify nor export the log", async ({ as }) => {
  const page = await as("operator");
  expect((await page.goto("/audit"))?.status()).toBe(403);
  for (const path of ["/audit/verify", "/audit/export"]) {
    const status = await page.evaluate(async (p) => (await fetch(p, { method: "POST" })).status, path);
    expect(status, path).toBe(403);
  }
});
