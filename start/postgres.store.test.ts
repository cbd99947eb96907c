import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChild } from "./child.ts";
import { CHECKOUT } from "./places.ts";
import { startPostgres } from "./postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-pg-"));
chmodSync(folder, 0o755); // As root the server runs as "nobody" and has to reach its data here.
const dataDir = join(folder, "postgres");
const options = { dataDir, maxConnections: 20 };

async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

describe("PostgreSQL as npm start brings it", () => {
  beforeAll(async () => {
    const first = await startPostgres(options);
    await ask(first.ownerUrl, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)");
    await first.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ways: ["fast" | "immediate", number][] = [
    ["fast", 2],
    ["immediate", 3],
  ];
  it.each(ways)("keeps its data, its address and its password over a %s stop", async (how, rows) => {
    const before = await startPostgres(options);
    await ask(before.ownerUrl, "INSERT INTO kept VALUES (1)");
    await before.stop(how);
    const after = await startPostgres(options);
    expect(after.ownerUrl).toBe(before.ownerUrl);
    expect(await ask(after.ownerUrl, "SELECT count(*)::int AS n FROM kept")).toEqual([{ n: rows }]);
    await after.stop();
  });

  it("starts although postmaster.pid names a process that is another one by now", async () => {
    const lock = join(dataDir, "cluster", "postmaster.pid");
    writeFileSync(
      lock,
      `${process.pid}\n${join(dataDir, "cluster")}\n1\n1\n\n127.0.0.1\n         1         1\nready   \n`,
    );
    const running = await startPostgres(options);
    expect(readFileSync(lock, "utf8").split("\n")[0]).toBe(String(running.pid));
    await running.stop();
  });

  it("refuses a second server on the same data with one sentence", async () => {
    const running = await startPostgres(options);
    await expect(startPostgres(options)).rejects.toThrow(/already runs on .* as process \d+: .*TOCSIN_DATA/);
    await running.stop();
  });

  it("refuses whoever has no password", async () => {
    const running = await startPostgres(options);
    const url = new URL(running.ownerUrl);
    url.password = "";
    await expect(ask(url.href, "SELECT 1")).rejects.toThrow(/password/);
    await running.stop();
  });

  it("ends with its starter, also when that is killed with SIGKILL, and starts again on the same data", async () => {
    const program = `import { startPostgres } from "./start/postgres.ts"; const p = await startPostgres(${JSON.stringify(options)}); console.log(p.pid); setInterval(() => {}, 1000);`;
    const pid = Promise.withResolvers<number>();
    const starter = await startChild({
      name: "a starter",
      command: process.execPath,
      args: ["--input-type=module-typescript", "-e", program],
      cwd: CHECKOUT,
      env: { PATH: process.env.PATH },
      logFile: join(folder, "starter.log"),
      onLine: (line) => pid.resolve(Number(line)),
    });
    const server = await pid.promise;
    process.kill(starter.pid, "SIGKILL");
    await expect.poll(() => alive(server), { timeout: 10_000, interval: 50 }).toBe(false);
    const again = await startPostgres(options);
    expect(await ask(again.ownerUrl, "SELECT count(*)::int AS n FROM kept")).toEqual([{ n: 3 }]);
    await again.stop();
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
