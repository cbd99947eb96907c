// As an attacker would: not only is the button absent, the request behind it is refused.
import { AxeBuilder } from "@axe-core/playwright";
import type { Page, Request } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { otherTenant, seededIncident, seededServer, stateOf } from "./rows.ts";
import { at } from "./where.ts";

const cookiesOf = async (page: Page) =>
  (await page.context().cookies(at.console)).map((c) => `${c.name}=${c.value}`).join("; ");

/** What the operator's browser sends when it acknowledges. */
async function acknowledging(page: Page): Promise<Request> {
  const sent = page.waitForRequest((r) => r.method() === "POST" && r.headers()["next-action"] !== undefined);
  await page.getByRole("button", { name: /^Acknowledge/ }).click();
  return sent;
}

test("the auditor reads everything, has no button that writes, and a forged request changes nothing", async ({
  as,
  db,
  request,
}) => {
  const acme = await db.acme();
  const mine = await seededIncident(db, acme, "Taken by the operator");
  const target = await seededIncident(db, acme, "Wanted by the auditor");
  const operator = await as("operator", { to: `/incidents/${mine.id}` });
  const recorded = await acknowledging(operator);
  await expect.poll(() => stateOf(db, mine.id)).toBe("acknowledged");

  const auditor = await as("auditor");
  await auditor.getByRole("combobox", { name: "Tenant" }).first().selectOption({ label: "Acme" });
  await auditor.waitForURL("/");
  for (const path of [
    "/",
    "/servers",
    `/servers/${target.serverId}`,
    "/incidents",
    `/incidents/${target.id}`,
    "/sinks",
    "/routes",
    "/silences",
    "/audit",
  ]) {
    const answer = await auditor.goto(path);
    expect(answer?.status(), path).toBe(200);
    const writes = auditor.getByRole("main").getByRole("button", {
      name: /^(acknowledge|resolve|register|add|save|store|replace|remove|delete|check now|send|silence|disable|enable|end now)\b/i,
    });
    // Chips that filter a table bear nouns such as "silence"; they write nothing.
    await expect(writes.and(auditor.locator(":not([aria-pressed])")), path).toHaveCount(0);
  }
  for (const path of ["/servers/new", "/sinks/new"]) expect((await auditor.goto(path))?.status(), path).toBe(403);

  const forged = await request.post(`/incidents/${target.id}`, {
    headers: { ...recorded.headers(), cookie: await cookiesOf(auditor) },
    data: (recorded.postDataBuffer() ?? Buffer.alloc(0)).toString("latin1").replaceAll(mine.id, target.id),
  });
  expect(forged.status()).toBe(403);
  expect(await stateOf(db, target.id)).toBe("open");
});

test.describe("the operator's own request, sent from elsewhere, changes nothing", () => {
  for (const [name, origin] of [
    ["another site", "https://evil.example"],
    ["a sandboxed frame", "null"],
  ] as const) {
    test(`from ${name}`, async ({ as, db, request }) => {
      const acme = await db.acme();
      const mine = await seededIncident(db, acme, `Origin ${name}`);
      const target = await seededIncident(db, acme, `Target ${name}`);
      const operator = await as("operator", { to: `/incidents/${mine.id}` });
      const recorded = await acknowledging(operator);
      await expect.poll(() => stateOf(db, mine.id)).toBe("acknowledged");
      const forged = await request.post(`/incidents/${target.id}`, {
        headers: { ...recorded.headers(), cookie: await cookiesOf(operator), origin },
        data: (recorded.postDataBuffer() ?? Buffer.alloc(0)).toString("latin1").replaceAll(mine.id, target.id),
      });
      expect(forged.status()).toBeGreaterThanOrEqual(400);
      expect(await stateOf(db, target.id)).toBe("open");
    });
  }
});

test("another tenant's server, a made-up one and no id at all are the same 404", async ({ as, db }) => {
  const foreign = await seededServer(db, await otherTenant(db), "Foreign server");
  const page = await as("operator");
  const texts: (string | null)[] = [];
  for (const id of [foreign, "11111111-1111-4111-8111-111111111111", "nonsense"]) {
    expect((await page.goto(`/servers/${id}`))?.status()).toBe(404);
    await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
    texts.push(await page.getByRole("main").textContent());
  }
  expect(texts).toEqual([texts[0], texts[0], texts[0]]);
});

test("a customer sees an incident in the portal and has no button to acknowledge it", async ({ as, db }) => {
  const { id } = await seededIncident(db, await db.acme(), "Seen by the customer");
  const page = await as("customer", { to: `/portal/incidents/${id}` });
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Seen by the customer");
  await expect(page.getByRole("button", { name: /acknowledge|resolve/i })).toHaveCount(0);
  await page.goto(`/incidents/${id}`);
  await expect(page).toHaveURL(/\/portal/);
  expect((await page.goto("/portal/servers/new"))?.status()).toBe(200);
});

test("root sees every process and duty of the installation, its own alerts, and no tenant's content", async ({
  as,
  db,
}) => {
  const { serverId, id } = await seededIncident(db, await db.acme(), "A tenant's own");
  const page = await as("root", { to: "/platform" });
  await expect(page.getByRole("region", { name: "Its own alerts" })).toBeVisible();
  const processes = page.getByRole("region", { name: "Processes", exact: true }).getByRole("row");
  for (const name of ["Worker", "Guard", "Prober in Frankfurt"])
    await expect(processes.filter({ hasText: name }).filter({ hasText: "Reports" }), name).not.toHaveCount(0);
  await expect(page.getByRole("region", { name: "Duties", exact: true }).getByText("schedule")).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => v.id)).toEqual([]);
  for (const path of [`/servers/${serverId}`, `/incidents/${id}`])
    expect((await page.goto(path))?.status(), path).toBe(404);
  await page.goto("/incidents");
  await expect(page.getByText("A tenant's own")).toHaveCount(0);
});

test("in a storm the worst incident stands first, however old it is, and every other is a page away", async ({
  as,
  db,
}) => {
  const acme = await db.acme();
  const { id } = await seededIncident(db, acme, "Old and worst");
  await db.rows(
    "UPDATE incident SET opened_at = now() - interval '9 days', started_at = now() - interval '9 days' WHERE id = $1",
    [id],
  );
  const serverId = await seededServer(db, acme, "Storm");
  await db.rows(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
     SELECT $1, gen_random_uuid(), (SELECT max(number) FROM incident WHERE tenant_id = $1) + g, 'server', $2, 'Storm ' || g, 'storm:' || g, 'storm-' || g, 'open', 'P3', 'degraded', 'schema_invalid', now(), now(), now(), '{"name":"Default policy","steps":[]}'
     FROM generate_series(1, 260) g`,
    [acme, serverId],
  );
  try {
    const page = await as("operator");
    await expect(page.getByRole("region", { name: "Open incidents" }).getByText("Old and worst")).toBeVisible();
    await page.getByRole("link", { name: "see all" }).first().click();
    await expect(page).toHaveURL(/\/incidents\?state=open$/);
    await page.getByRole("link", { name: "Next 100" }).click();
    await expect(page).toHaveURL(/state=open&page=2$/);
    await expect(page.getByRole("navigation", { name: "Pages" })).toContainText("101 to 200 of");
  } finally {
    await db.rows("DELETE FROM incident WHERE server_id = $1", [serverId]);
  }
});
