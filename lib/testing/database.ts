// A real database per test file: a clone of a template that was migrated once. The server comes from the test runner
// (TOCSIN_TEST_DATABASE_URL, a superuser's connection).
import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { type Db, openDb, openSweeper, type Sweeper } from "#lib/adapters/db";
import { migrate, migrations, roleUrl } from "../../prisma/migrate.ts";

/** Base of the links in notices that tests write. */
process.env.TOCSIN_URL ??= "https://tocsin.example.com";

export const TEST_SECRET = "a-secret-for-tests-only-0123456789-abcdefghij";
process.env.TOCSIN_SECRET ??= TEST_SECRET;

export interface TestDatabase {
  ownerUrl: string;
  appUrl: string;
  workerUrl: string;
  sweeperUrl: string;
  appDb: Db;
  workerDb: Db;
  sweeper: Sweeper;
  /** Superuser's SQL, for looking past row security. */
  sql<Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, params?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

function serverUrl(): URL {
  const url = process.env.TOCSIN_TEST_DATABASE_URL;
  if (!url)
    throw new Error("TOCSIN_TEST_DATABASE_URL is not set: run the tests through `npm test`, which starts PostgreSQL.");
  return new URL(url);
}

async function as<T>(url: URL, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

async function template(): Promise<string> {
  const digest = createHash("sha256")
    .update(
      migrations()
        .map((m) => m.checksum)
        .join(),
    )
    .digest("hex")
    .slice(0, 12);
  const name = `tocsin_template_${digest}`;
  await as(serverUrl(), async (client) => {
    await client.query("SELECT pg_advisory_lock(7270736)");
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rowCount) return;
    const building = `${name}_building`;
    await client.query(`DROP DATABASE IF EXISTS ${building}`);
    await client.query(`CREATE DATABASE ${building}`);
    const url = serverUrl();
    url.pathname = `/${building}`;
    await migrate(url.href, TEST_SECRET);
    await client.query(`ALTER DATABASE ${building} RENAME TO ${name}`);
  });
  return name;
}

export async function testDatabase(): Promise<TestDatabase> {
  const from = await template();
  const name = `tocsin_test_${randomBytes(6).toString("hex")}`;
  await as(serverUrl(), (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${from}`));
  const owner = serverUrl();
  owner.pathname = `/${name}`;
  const url = (role: Parameters<typeof roleUrl>[2]) => roleUrl(owner.href, TEST_SECRET, role);
  const appDb = openDb(url("tocsin_app"), { poolSize: 8 });
  const workerDb = openDb(url("tocsin_worker"), { poolSize: 8 });
  const sweeper = openSweeper(url("tocsin_sweeper"));
  const pool = new pg.Pool({ connectionString: owner.href, max: 4 });
  pool.on("error", () => {});
  return {
    ownerUrl: owner.href,
    appUrl: url("tocsin_app"),
    workerUrl: url("tocsin_worker"),
    sweeperUrl: url("tocsin_sweeper"),
    appDb,
    workerDb,
    sweeper,
    sql: async (text, params = []) => (await pool.query(text, params)).rows,
    async close() {
      await Promise.all([appDb.close(), workerDb.close(), sweeper.close(), pool.end()]);
      await as(serverUrl(), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}
