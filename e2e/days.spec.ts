// The operator's day, as a person sees it: a picture of each step stands in test-results. The customer's day is in
// portal.spec.ts, the auditor's in audit.spec.ts, the two root operators' in approvals.spec.ts.
import type { Page } from "@playwright/test";
import { expect, PEOPLE, test } from "./fixtures.ts";
import { seededIncident, stateOf } from "./rows.ts";

for (const [colorScheme, width] of [
  ["light", 1440],
  ["dark", 390],
] as const)
  test(`an operator is told of an incident, reads why, acknowledges it and says what was done: ${colorScheme}, ${width} px`, async ({
    as,
    db,
  }) => {
    const { id } = await seededIncident(db, await db.acme(), `Night ${width}`);
    const page = await as("operator", { colorScheme, width });
    let step = 0;
    const picture = (of: Page, what: string) =>
      of.screenshot({ path: test.info().outputPath(`${++step}-${what}.png`), fullPage: true });

    await expect(page.getByText(`Night ${width}`).first()).toBeVisible();
    await picture(page, "now");
    await page
      .getByRole("link", { name: new RegExp(`Night ${width}`) })
      .first()
      .click();
    await expect(page).toHaveURL(new RegExp(`/incidents/${id}`));
    await expect(page.getByText("Opened: three bad checks in a row.")).toBeVisible();
    await picture(page, "incident");

    await page.getByRole("button", { name: /^Acknowledge/ }).click();
    await expect(page.getByText(`${PEOPLE.operator},`)).toBeVisible();
    expect(await stateOf(db, id)).toBe("acknowledged");
    await page.getByRole("textbox", { name: "Note" }).fill("The supplier restarted it; watching for ten minutes.");
    await page.getByRole("button", { name: "Add to the timeline" }).click();
    await expect(page.getByText("The supplier restarted it; watching for ten minutes.").first()).toBeVisible();
    await picture(page, "acknowledged");

    await page.goto(`/audit?action=incident.acknowledge`);
    await expect(
      page.getByRole("main").getByRole("table").getByText(PEOPLE.operator).filter({ visible: true }).first(),
    ).toBeVisible();
    await picture(page, "log");
  });
