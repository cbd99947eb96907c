// Browser tests against the product as it is started, on a database and a Redis prefix of its own.
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { findBrowser } from "./browser.ts";
import { dataFolder } from "./places.ts";
import { forget, startProduct } from "./product.ts";
import { type Env, playwright } from "./suite.ts";
import type { Tally } from "./tally.ts";

/**
 * What the specs are told: TOCSIN_CHROMIUM, TOCSIN_E2E_URL (console), TOCSIN_E2E_INBOX (sink inbox), TOCSIN_E2E_DATABASE_URL
 * (superuser), TOCSIN_E2E_REDIS_URL, TOCSIN_E2E_DATA (data folder, also for `tocsin`).
 */
export async function browserTests(
  stores: Env,
  reports: string,
  only: readonly string[],
  say: (line: string) => void,
): Promise<Tally> {
  const chromium = await findBrowser(join(dataFolder(), "tools"), say);
  const database = await ownDatabase(stores.TOCSIN_TEST_DATABASE_URL ?? "");
  const product = await startProduct({
    dataDir: mkdtempSync(join(tmpdir(), "tocsin-e2e-")),
    env: {
      DATABASE_URL: database,
      REDIS_URL: stores.TOCSIN_TEST_REDIS_URL,
      TOCSIN_REDIS_PREFIX: `e2e-${randomBytes(4).toString("hex")}`,
    },
  });
  try {
    return await playwright(
      reports,
      {
        TOCSIN_CHROMIUM: chromium,
        TOCSIN_E2E_URL: product.url,
        TOCSIN_E2E_INBOX: product.inbox?.http,
        TOCSIN_E2E_DATABASE_URL: database,
        TOCSIN_E2E_REDIS_URL: stores.TOCSIN_TEST_REDIS_URL,
        TOCSIN_E2E_DATA: product.dataDir,
      },
      only,
    );
  } finally {
    await product.stop();
    forget(product);
  }
}

async function ownDatabase(serverUrl: string): Promise<string> {
  const name = `tocsin_e2e_${randomBytes(4).toString("hex")}`;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
