// A root operator's day with roles and people: binds a group, looks somebody up and switches them off, keeps an
// emergency account and uses it; an auditor sees all of it and can change nothing.
import { expect, signIn, test } from "./fixtures.ts";
import { forgetTries } from "./rows.ts";

const WHY = "The routine of this quarter, agreed with the team";
// Several people in several browsers, one after the other.
test.describe.configure({ timeout: 150_000 });
const name = `safe-${Date.now().toString(36)}`;

test("a root operator makes an emergency account, signs in by it, and the installation is told", async ({
  as,
  browser,
  db,
}) => {
  const page = await as("root", { to: "/roles" });
  await expect(page.getByRole("heading", { name: "Roles", level: 1 })).toBeVisible();
  const form = page.getByRole("form", { name: "Make an emergency account" });
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Why").fill("short");
  await form.getByRole("button", { name: "Make an emergency account" }).click();
  await expect(form.getByText(/at least 20 characters/).first()).toBeVisible();
  await form.getByLabel("Why").fill(WHY);
  await form.getByRole("button", { name: "Make an emergency account" }).click();
  const secret = await form.getByText(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){7}$/).textContent();
  await page.screenshot({ path: "test-results/roles.png", fullPage: true });

  await forgetTries();
  const door = await (await browser.newContext()).newPage();
  await door.goto("/sign-in");
  await door.getByRole("link", { name: "Emergency sign-in" }).click();
  await door.getByLabel("Account").fill(name);
  await door.getByLabel("Secret").fill("0000-0000");
  await door.getByRole("button", { name: "Sign in" }).click();
  await expect(door.getByText("The name or the secret is not right. Each try is reported.")).toBeVisible();
  await door.getByLabel("Secret").fill((secret ?? "").toLowerCase());
  await door.getByRole("button", { name: "Sign in" }).click();
  await expect(door.getByText(`Emergency account ${name}`).first()).toBeVisible();
  const cookie = (await door.context().cookies()).find((c) => c.name.endsWith("tocsin.session"));
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax" });
  await expect
    .poll(
      async () =>
        (
          await db.rows<{ reason: string }>("SELECT reason FROM incident WHERE subject_name = $1 ORDER BY number", [
            `Emergency account ${name}`,
          ])
        )
          .map((r) => r.reason)
          .sort(),
      { timeout: 30_000 },
    )
    .toEqual(["emergency_access", "emergency_refused"]);

  await page.reload();
  const row = page.getByRole("listitem").filter({ hasText: name });
  await row.getByRole("button", { name: "Close" }).click();
  await page.getByRole("alertdialog").getByLabel("Why").fill(WHY);
  await page.getByRole("alertdialog").getByRole("button", { name: "Close it" }).click();
  // While the dialog is there, what is behind it is hidden from everybody's eyes but not gone.
  await expect(page.getByRole("alertdialog")).toHaveCount(0);
  await expect(row).toHaveCount(0);
  await door.goto("/roles");
  await expect(door).toHaveURL(/\/sign-in/);
});

test("a bound group waits for a second root operator, and bad words stand at their field", async ({ as, browser }) => {
  const second = await (await browser.newContext()).newPage();
  await signIn(second, "root2");
  const page = await as("root", { to: "/roles" });
  const form = page.getByRole("form", { name: "Bind a group" });
  await form.getByLabel("Group").fill("ops-*");
  await form.getByLabel("Stands for").selectOption("root");
  await form.getByLabel("Why").fill(WHY);
  await form.getByRole("button", { name: "Ask for it" }).click();
  await expect(form.getByText(/named exactly: take the star out/)).toBeVisible();
  await form.getByLabel("Group").fill(`ops-${name}`);
  await form.getByLabel("Stands for").selectOption("auditor");
  await form.getByRole("button", { name: "Ask for it" }).click();
  await expect(page.getByText(/Remy Root.* may approve it/)).toBeVisible();
  await second.goto("/approvals");
  await expect(second.getByText(`Let the group "ops-${name}" stand for: auditor of everything`).first()).toBeVisible();
  await second.context().close();
});

test("whoever is disabled is out at once, and in again when enabled", async ({ as, browser }) => {
  const olga = await (await browser.newContext()).newPage();
  await signIn(olga, "operator2");
  const page = await as("root", { to: "/people?q=Olga" });
  await page.getByRole("link", { name: "Olga Operator" }).click();
  await expect(page.getByRole("heading", { name: "Olga Operator", level: 1 })).toBeVisible();
  await expect(page.getByText("operator of acme").first()).toBeVisible();
  await page.screenshot({ path: "test-results/person.png", fullPage: true });
  await page.getByRole("button", { name: "Disable", exact: true }).click();
  await page.getByRole("alertdialog").getByLabel("Why").fill(WHY);
  await page.getByRole("alertdialog").getByRole("button", { name: "Disable" }).click();
  await expect(page.getByRole("button", { name: "Enable" })).toBeVisible();
  await olga.goto("/servers");
  await expect(olga).toHaveURL(/\/sign-in/);
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("alertdialog").getByLabel("Why").fill(WHY);
  await page.getByRole("alertdialog").getByRole("button", { name: "Enable" }).click();
  await expect(page.getByRole("button", { name: "Disable" })).toBeVisible();
  await signIn(olga, "operator2");
  await olga.context().close();
});

test("an auditor sees who is what and finds nothing to press; an operator finds no such page", async ({ as }) => {
  const auditor = await as("auditor", { to: "/roles", colorScheme: "dark", width: 390 });
  await expect(auditor.getByText("tocsin-operator-*")).toBeVisible();
  for (const button of ["Ask for it", "Take away", "Make a token", "Make an emergency account"])
    await expect(auditor.getByRole("button", { name: button })).toHaveCount(0);
  await auditor.screenshot({ path: "test-results/roles-phone-dark.png", fullPage: true });
  await auditor.goto("/people");
  await expect(auditor.getByRole("link", { name: "Rosa Root" })).toBeVisible();
  const operator = await as("operator");
  for (const page of ["/roles", "/people"]) {
    const answer = await operator.goto(page);
    expect(answer?.status()).toBe(403);
  }
});
