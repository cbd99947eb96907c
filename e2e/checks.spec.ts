import { expect, test } from "./fixtures.ts";

const NAME = "Says what it hears";

test("an operator agrees on a call and its answer, sees what came back, and takes it away again", async ({
  as,
  db,
}) => {
  const [row] = await db.rows<{ id: string }>("SELECT id FROM server WHERE tenant_id = $1 AND name = $2", [
    await db.acme(),
    "Everything (sessions)",
  ]);
  const path = `/servers/${row?.id}/checks`;
  const page = await as("operator", { to: path });
  await page.getByText("Test call", { exact: true }).first().click();
  const form = page.getByRole("form", { name: "Add: Test call" });
  await form.getByLabel("Name").fill(NAME);
  await form.getByLabel("Tool", { exact: true }).fill("echo");
  await form.getByLabel("Arguments").fill('{"message": ');
  await form.getByLabel("The answer contains").fill("from the browser");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByLabel("Arguments")).toHaveAttribute("aria-invalid", "true");
  await expect(form.getByLabel("Tool", { exact: true })).toHaveValue("echo");

  await form.getByLabel("Arguments").fill('{"message": "hello from the browser"}');
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: /hello from the browser/ })).toBeVisible({ timeout: 40_000 });

  const auditor = await as("auditor", { to: path });
  await expect(auditor.getByRole("heading", { name: NAME })).toBeVisible();
  await expect(auditor.getByRole("button", { name: /Remove|Try now|Save/ })).toHaveCount(0);

  await page.getByRole("button", { name: "Remove", exact: true }).first().click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove check" }).click();
  await expect(page.getByRole("heading", { name: NAME })).toHaveCount(0);
});
