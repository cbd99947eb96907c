// One PostgreSQL and one Redis for all tests of a run, in a folder that goes away with it.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFolder, makeWritable } from "./places.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";

export interface TestStores {
  env: { TOCSIN_TEST_DATABASE_URL: string; TOCSIN_TEST_REDIS_URL: string };
  stop(): Promise<void>;
}

/** Addresses that are given already are used, and nothing is started for them. */
export async function testStores(say: (line: string) => void): Promise<TestStores> {
  const given = { database: process.env.TOCSIN_TEST_DATABASE_URL, redis: process.env.TOCSIN_TEST_REDIS_URL };
  const folder = mkdtempSync(join(tmpdir(), "tocsin-test-"));
  chmodSync(folder, 0o755); // As root PostgreSQL runs as "nobody" and has to reach its data here, to leave none elsewhere.
  const tools = join(makeWritable(dataFolder()), "tools");
  const postgres = given.database
    ? undefined
    : await startPostgres({ dataDir: join(folder, "postgres"), fsync: false, maxConnections: 300 });
  const redis = given.redis
    ? undefined
    : await startRedis({ dataDir: join(folder, "redis"), toolsDir: tools, appendOnly: false, say });
  return {
    env: {
      TOCSIN_TEST_DATABASE_URL: given.database || (postgres?.ownerUrl ?? ""),
      TOCSIN_TEST_REDIS_URL: given.redis || (redis?.url ?? ""),
    },
    async stop() {
      await Promise.all([postgres?.stop("immediate"), redis?.stop("kill")]);
      if (postgres) rmSync(postgres.folder, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
