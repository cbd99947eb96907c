import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, describe, expect, it } from "vitest";
import { dataFolder } from "./places.ts";
import { startRedis } from "./redis.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-redis-"));
const toolsDir = join(dataFolder(), "tools");

async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

describe("Redis as npm start brings it", () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const kinds: [string, boolean, string | null][] = [
    ["keeps what it knows over a restart when asked to", true, "x"],
    ["forgets everything over a restart when not", false, null],
  ];
  it.each(kinds)("%s", async (_title, appendOnly, expected) => {
    const options = { dataDir: join(folder, String(appendOnly)), toolsDir, appendOnly };
    const first = await startRedis(options);
    await ask(first.url, (r) => r.set("kept", "x"));
    await first.stop();
    const second = await startRedis(options);
    expect(await ask(second.url, (r) => r.get("kept"))).toBe(expected);
    await second.stop();
  });

  it("listens on a socket although its folder's path is longer than a socket's may be", async () => {
    const running = await startRedis({ dataDir: join(folder, "x".repeat(110)), toolsDir, appendOnly: false });
    expect(Buffer.byteLength(running.url)).toBeLessThanOrEqual(100);
    expect(await ask(running.url, (r) => r.eval("return cjson.encode({1})", 0))).toBe("[1]");
    await running.stop();
  });

  it("never evicts and never listens on the network", async () => {
    const running = await startRedis({ dataDir: join(folder, "settings"), toolsDir, appendOnly: false });
    const settings = await ask(running.url, (r) => r.config("GET", "port", "maxmemory-policy" as never));
    expect(settings).toEqual(expect.arrayContaining(["port", "0", "maxmemory-policy", "noeviction"]));
    await running.stop();
  });

  it("refuses a second server on the same data with one sentence", async () => {
    const options = { dataDir: join(folder, "twice"), toolsDir, appendOnly: false };
    const running = await startRedis(options);
    await expect(startRedis(options)).rejects.toThrow(/already runs on .*TOCSIN_DATA/);
    await running.stop();
  });
});
