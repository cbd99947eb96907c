import { expect, PEOPLE, test } from "./fixtures.ts";
import { seededIncident, stateOf } from "./rows.ts";

test("an incident is acknowledged by keyboard, noted, and resolved after its consequence was named", async ({
  as,
  db,
}) => {
  const { id } = await seededIncident(db, await db.acme(), "Keyboard server");
  const page = await as("operator", { to: `/incidents/${id}` });
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Keyboard server");
  await expect(page.getByRole("button", { name: /^Acknowledge/ })).toBeEnabled();
  await page.keyboard.press("a");
  await expect(page.getByText("Acknowledged. Nobody further is paged for it.")).toBeVisible();
  await expect(page.getByText(`${PEOPLE.operator},`)).toBeVisible();
  expect(await stateOf(db, id)).toBe("acknowledged");

  await page.getByRole("textbox", { name: "Note" }).fill("Restarted it <script>alert(1)</script>");
  await page.getByRole("button", { name: "Add to the timeline" }).click();
  await expect(page.getByText(/Restarted it <script>/)).toBeVisible();

  await page.getByRole("button", { name: "Resolve" }).click();
  const dialog = page.getByRole("alertdialog");
  await expect(dialog).toContainText("Every sink that was told is told that it is over");
  await dialog.getByRole("button", { name: "Resolve incident" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Resolve" })).toHaveCount(0);
  expect(await stateOf(db, id)).toBe("resolved");

  const log = await db.rows<{ action: string }>("SELECT action FROM audit.event WHERE target = $1 ORDER BY at", [
    `incident:${id}`,
  ]);
  expect(log.map((row) => row.action)).toEqual(["incident.acknowledge", "incident.note", "incident.resolve"]);
});

test("what one person does, another sees without loading the page again", async ({ as, db }) => {
  const { id } = await seededIncident(db, await db.acme(), "Watched by two");
  const watching = await as("auditor", { to: "/" });
  const tenant = watching.getByRole("combobox", { name: "Tenant" }).first();
  await tenant.selectOption({ label: "Acme" });
  await watching.waitForURL("/");
  await watching.goto(`/incidents/${id}`);
  await expect(watching.getByText("Live", { exact: true }).first()).toBeVisible();
  const acting = await as("operator", { to: `/incidents/${id}` });
  await acting.getByRole("button", { name: /^Acknowledge/ }).click();
  await expect(watching.getByText(`${PEOPLE.operator},`)).toBeVisible({ timeout: 5_000 });
});
