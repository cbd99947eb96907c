// People signed in through the real identity provider, and rows past row security for what a test needs to find.
import { type Browser, test as base, type Page } from "@playwright/test";
import pg from "pg";
import { at } from "./where.ts";

export const PEOPLE = {
  root: "Rosa Root",
  root2: "Remy Root",
  operator: "Omar Operator",
  operator2: "Olga Operator",
  auditor: "Aida Auditor",
  customer: "Carl Customer",
} as const;
export type Role = keyof typeof PEOPLE;

export interface Database {
  rows<Row extends pg.QueryResultRow>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** The tenant that the development people belong to. */
  acme(): Promise<string>;
}

interface Fixtures {
  /** A page of a browser context of its own, signed in as this person. */
  as: (role: Role, options?: { colorScheme?: "light" | "dark"; width?: number; to?: string }) => Promise<Page>;
  db: Database;
}

export async function signIn(page: Page, role: Role, to = "/"): Promise<void> {
  await page.goto(to);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: PEOPLE[role] }).click();
  await page.waitForURL((url) => url.origin === new URL(at.console).origin && !/^\/(sign-in|api)/.test(url.pathname));
}

export const test = base.extend<Fixtures>({
  as: async ({ browser }: { browser: Browser }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (role, options = {}) => {
      const width = options.width ?? 1440;
      const context = await browser.newContext({
        colorScheme: options.colorScheme ?? "light",
        viewport: { width, height: width < 600 ? 844 : 900 },
      });
      contexts.push(context);
      const page = await context.newPage();
      await signIn(page, role, options.to);
      return page;
    });
    for (const context of contexts) await context.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: the tool reads the names of fixtures from this pattern
  db: async ({}, use) => {
    const pool = new pg.Pool({ connectionString: at.database, max: 2 });
    const rows: Database["rows"] = async (sql, params = []) => (await pool.query(sql, params as unknown[])).rows;
    await use({
      rows,
      acme: async () => (await rows<{ id: string }>("SELECT id FROM tenant WHERE slug = 'acme'"))[0]?.id ?? "",
    });
    await pool.end();
  },
});

export { expect } from "@playwright/test";
