// Two people in two browsers: a tenant is added, another root operator asks to erase it, the first one approves, and it is gone.
import { expect, test } from "./fixtures.ts";
import { randomUUID } from "node:crypto";

test("one root operator asks to erase a tenant, another reads what would change and approves it, and it is gone", async ({
  as,
  db,
}) => {
  const slug = `gone-${randomUUID().slice(0, 8)}`;
  const rosa = await as("root", { to: "/tenants" });
  await rosa.getByLabel("Name", { exact: true }).fill("Soon Gone Ltd");
  await rosa.getByLabel("Slug").fill(slug);
  await rosa.getByRole("button", { name: "Add tenant" }).click();
  await expect(rosa.getByRole("heading", { level: 1, name: "Soon Gone Ltd" })).toBeVisible();

  const remy = await as("root2", { to: new URL(rosa.url()).pathname });
  await remy.getByRole("button", { name: "Ask to erase this tenant" }).click();
  await remy.getByRole("alertdialog").getByLabel("Why").fill("They have left and asked for it in writing");
  await remy.getByRole("button", { name: "Ask for it" }).click();
  await expect(remy.getByText(/Rosa Root may approve it/)).toBeVisible();
  await remy.goto("/approvals");
  const own = remy.getByRole("region", { name: "Asked by you" });
  await expect(
    own.getByRole("heading", { name: `Erase the tenant Soon Gone Ltd (${slug}) with everything in it` }),
  ).toBeVisible();
  await expect(own.getByRole("button", { name: "Approve" })).toHaveCount(0);

  await rosa.goto("/approvals");
  const card = rosa.getByRole("listitem").filter({ hasText: slug });
  await expect(card.getByRole("row", { name: /Audit log/ })).toContainText("still provable");
  await rosa.screenshot({ path: "test-results/approval-before.png", fullPage: true });
  await card.getByRole("button", { name: "Approve" }).click();
  await rosa.getByRole("alertdialog").getByLabel("Why").fill("I have read their letter of last week");
  await rosa.getByRole("button", { name: "Approve and do it" }).click();
  await expect(rosa.getByText("Approved, and done.")).toBeVisible();
  await expect(rosa.getByRole("region", { name: "Decided" }).getByRole("heading", { name: slug })).toBeVisible();
  await rosa.screenshot({ path: "test-results/approval-after.png", fullPage: true });
  expect(await db.rows("SELECT 1 FROM tenant WHERE slug = $1", [slug])).toEqual([]);
});

test("what an operator would delete by keeping less is counted before anybody is asked", async ({ as }) => {
  const omar = await as("operator", { to: "/retention" });
  await omar.getByLabel("Minutes, days").last().fill("1");
  await omar.getByRole("button", { name: "See what would go" }).click();
  await expect(omar.getByText(/would be deleted now/)).toBeVisible();
  await expect(omar.getByRole("button", { name: "Ask a second person" })).toBeVisible();
  await omar.screenshot({ path: "test-results/retention.png", fullPage: true });
});
