// Looking into a tenant as one of its people: what each of them sees, and what a copied cookie is worth.
import type { Page } from "@playwright/test";
import { type Database, expect, PEOPLE, test } from "./fixtures.ts";
import { at } from "./where.ts";

const WHY = "Carl asks why his sink stays silent since this morning";

/** The sign-in of each of them makes them known. */
async function lookInto(page: Page, mode: "ro" | "rw"): Promise<void> {
  await page.goto("/visits");
  await page.getByRole("link", { name: "Look into a tenant" }).click();
  const option = page.getByLabel("As whom").locator("option", { hasText: PEOPLE.customer });
  await page.getByLabel("As whom").selectOption((await option.getAttribute("value")) ?? "");
  await page.getByLabel("To do what").selectOption(mode);
  await page.getByLabel("Why").fill(WHY);
  await page.getByRole("button", { name: /^Look into/ }).click();
}

const banner = (page: Page) => page.getByRole("region", { name: "Visit", exact: true });

async function rows(
  db: Database,
  action: string,
): Promise<{ act_as: string | null; grant_id: string | null; body: string }[]> {
  return db.rows(
    "SELECT act_as, grant_id, body FROM audit.event WHERE tenant_id = $1 AND action = $2 AND at > now() - interval '10 minutes' ORDER BY at",
    [await db.acme(), action],
  );
}

test("an operator looks as a customer: their portal, under a banner, read only, until the button", async ({
  as,
  db,
}) => {
  await as("customer");
  const page = await as("operator");
  await lookInto(page, "ro");
  await page.waitForURL("**/portal");
  await expect(banner(page)).toContainText(`${PEOPLE.operator} looks as ${PEOPLE.customer} of Acme`);
  await expect(banner(page)).toContainText("looks only");
  await expect(banner(page)).toContainText(/(29:\d\d|30:00) left/);
  await page.screenshot({ path: "test-results/visit-portal.png" });

  const cookie = (await page.context().cookies()).find((c) => c.name.endsWith("tocsin.visit"));
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });
  expect((cookie?.expires ?? 0) * 1000 - Date.now()).toBeLessThanOrEqual(30 * 60_000);
  const grant = cookie?.value.split(".")[1];

  for (const path of [
    "/portal",
    "/portal/servers",
    "/portal/sinks",
    "/portal/incidents",
    "/portal/visits",
    "/account",
  ]) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(200);
    expect(answer?.headers(), path).toMatchObject({
      "x-impersonation": grant,
      "cache-control": expect.stringMatching("no-store"),
    });
    await expect(banner(page), path).toBeVisible();
  }
  // The console is not there while they look as a customer.
  await page.goto("/audit");
  await expect(page).toHaveURL(/\/portal$/);
  await expect(page.getByRole("link", { name: /Register|Add a sink/ })).toHaveCount(0);

  const requests = (await rows(db, "impersonation.request")).filter((r) => r.grant_id === grant).map((r) => r.body);
  for (const route of [
    "/portal",
    "/portal/servers",
    "/portal/sinks",
    "/portal/incidents",
    "/portal/visits",
    "/account",
  ])
    expect(
      requests.some((body) => body.includes(`"route":"${route}"`)),
      route,
    ).toBe(true);

  await banner(page).getByRole("button", { name: "End visit" }).click();
  await page.waitForURL(`${at.console}/visits`);
  await expect(banner(page)).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Past visits" })).toContainText("Ended by who made it");
  expect((await page.context().cookies()).some((c) => c.name.endsWith("tocsin.visit"))).toBe(false);
  await page.goto("/");
  await expect(page).toHaveURL(`${at.console}/`);
});

test("a copied session cookie without the visit's opens nothing, and ends the visit", async ({ as, browser, db }) => {
  await as("customer");
  const page = await as("operator");
  await lookInto(page, "ro");
  await page.waitForURL("**/portal");
  const cookies = await page.context().cookies();
  const thief = await browser.newContext();
  await thief.addCookies(cookies.filter((c) => c.name.endsWith("tocsin.session")));
  const stolen = await thief.newPage();
  const answer = await stolen.goto("/portal");
  expect(answer?.status()).toBe(401);
  await expect(stolen.getByText("E_IMPERSONATION_BINDING")).toBeVisible();
  await stolen.screenshot({ path: "test-results/visit-stolen.png" });
  await thief.close();
  expect((await rows(db, "impersonation.end")).at(-1)?.body).toContain("binding");

  expect((await page.goto("/portal/servers"))?.status()).toBe(401);
  await expect(page.getByText("E_IMPERSONATION_ENDED")).toBeVisible();
  await page.getByRole("button", { name: "Go on as yourself" }).click();
  await page.waitForURL(`${at.console}/visits`);
});

test("changing things takes a colleague; the customer sees the visit and ends it", async ({ as, db }) => {
  const carl = await as("customer");
  const omar = await as("operator");
  const olga = await as("operator2", { to: "/visits" });
  await lookInto(omar, "rw");
  await omar.waitForURL(`${at.console}/visits`);
  await expect(omar.getByText("Waits for a second person")).toBeVisible();
  await expect(omar.getByRole("button", { name: "Approve" })).toHaveCount(0);

  await olga.goto("/visits");
  await olga.screenshot({ path: "test-results/visit-approve.png" });
  await olga.getByRole("button", { name: "Approve" }).click();
  await expect(olga.getByText(`let by ${PEOPLE.operator2}`)).toBeVisible();

  await omar.goto("/visits");
  await omar.getByRole("button", { name: "Begin" }).click();
  await omar.waitForURL("**/portal");
  await expect(banner(omar)).toContainText("may change things");
  await omar.goto("/portal/servers");

  await carl.goto("/portal/visits");
  await expect(carl.getByText(WHY).first()).toBeVisible();
  await carl.screenshot({ path: "test-results/visit-seen-by-customer.png" });
  await carl.getByRole("button", { name: /End/ }).first().click();
  await carl.getByRole("alertdialog").getByRole("button", { name: /End/ }).click();
  await expect.poll(async () => (await rows(db, "impersonation.end")).at(-1)?.body).toContain("customer");

  expect((await omar.goto("/portal/servers"))?.status()).toBe(401);
  await omar.screenshot({ path: "test-results/visit-over.png" });
  await omar.getByRole("button", { name: "Go on as yourself" }).click();
  await omar.waitForURL(`${at.console}/visits`);
  await omar.screenshot({ path: "test-results/visits.png" });
});

test("on a phone the banner stands over the page and leaves it usable", async ({ as }) => {
  await as("customer");
  const page = await as("operator", { width: 390, colorScheme: "dark" });
  await lookInto(page, "ro");
  await page.waitForURL("**/portal");
  await page.mouse.wheel(0, 2000);
  await expect(banner(page)).toBeInViewport();
  await expect(banner(page).getByRole("button", { name: "End visit" })).toBeInViewport();
  await page.screenshot({ path: "test-results/visit-phone.png" });
  await banner(page).getByRole("button", { name: "End visit" }).click();
  await page.waitForURL(`${at.console}/visits`);
});
