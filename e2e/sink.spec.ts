import { expect, test } from "./fixtures.ts";
import { confirmationFor } from "./inbox.ts";
import { at } from "./where.ts";

test("a sink's form says beside the field what is wrong and keeps what was typed", async ({ as }) => {
  const page = await as("operator", { to: "/sinks/new?kind=webhook" });
  await page.getByLabel("Name").fill("Ticket system");
  await page.getByLabel("URL", { exact: true }).fill("not an address");
  await page.getByRole("button", { name: "Add sink" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Ticket system");
  await expect(page.getByLabel("URL", { exact: true })).toHaveValue("not an address");
  await expect(page.getByLabel("URL", { exact: true })).toHaveAttribute("aria-invalid", "true");
});

test("a new sink is nobody's until its recipient has confirmed; then it is tested over the real road, and the page follows the delivery until it was accepted", async ({
  as,
  db,
  page: stranger,
}) => {
  const address = `night-shift-${Math.floor(performance.now())}@acme.example`;
  const name = `Mailbox ${Math.floor(performance.now())}`;
  const page = await as("operator", { to: "/sinks/new?kind=email" });
  await page.getByLabel("Name").fill(name);
  await page.locator("[name^='config.']").first().fill(address);
  await page.getByRole("button", { name: "Add sink" }).click();
  await page.waitForURL(/\/sinks\/[0-9a-f-]{36}$/);
  await expect(page.getByText("Not proven yet.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Send a test" })).toHaveCount(0);
  await page.getByRole("button", { name: "Send the links" }).click();
  await stranger.goto(new URL(await confirmationFor(address), at.console).href);
  await expect(stranger.getByText(address)).toBeVisible();
  await stranger.getByRole("button", { name: "Confirm" }).click();
  await expect(stranger.getByRole("heading", { name: "Confirmed" })).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(page.getByText("Test queued")).toBeVisible();
  await expect(page.getByRole("main").getByText("Sent", { exact: true })).toHaveCount(2, { timeout: 20_000 });
  const rows = await db.rows<{ kind: string; state: string; tries: number }>(
    "SELECT d.kind, d.state, d.tries FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE s.name = $1 ORDER BY d.created_at",
    [name],
  );
  expect(rows).toEqual([
    { kind: "challenge", state: "sent", tries: 1 },
    { kind: "test", state: "sent", tries: 1 },
  ]);
  expect(at.inbox, "the sink inbox belongs to the product as it is started").toBeTruthy();
  const inbox = await (await fetch(at.inbox ?? "")).text();
  expect(inbox).toContain(address);
});

test("disabling names the consequence; a disabled sink says so and cannot be tested", async ({ as }) => {
  const page = await as("operator", { to: "/sinks/new?kind=email" });
  await page.getByLabel("Name").fill("To be disabled");
  await page.locator("[name^='config.']").first().fill("somebody@acme.example");
  await page.getByRole("button", { name: "Add sink" }).click();
  await page.waitForURL(/\/sinks\/[0-9a-f-]{36}$/);
  await page.getByRole("button", { name: "Disable" }).click();
  await expect(page.getByRole("alertdialog", { name: "Disable To be disabled?" })).toContainText(
    "Nothing is delivered here until it is enabled again",
  );
  await page.getByRole("button", { name: "Disable sink" }).click();
  await expect(page.getByText("Disabled by hand.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Send a test" })).toHaveCount(0);
  await page.getByRole("button", { name: "Enable" }).click();
  await expect(page.getByRole("button", { name: "Disable" })).toBeVisible();
});
