// The console's server refuses to start without its secrets, by name, before anything listens.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CHECKOUT } from "./places.ts";
import { freePort } from "./ports.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-console-"));
const keyFile = join(folder, "key");
writeFileSync(keyFile, randomBytes(32).toString("base64"), { mode: 0o400 });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const whole = {
  TOCSIN_SECRET: randomBytes(48).toString("base64"),
  TOCSIN_KEY_FILE: keyFile,
  TOCSIN_URL: "https://tocsin.example.com",
  DATABASE_URL: "postgresql://nobody@127.0.0.1:1/tocsin",
  REDIS_URL: "redis://127.0.0.1:1",
  OIDC_ISSUER: "https://id.example.com",
  OIDC_CLIENT_ID: "tocsin",
  OIDC_CLIENT_SECRET: "secret",
};

async function starts(env: Record<string, string | undefined>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ["start/console.ts", "--port", String(await freePort())], {
    cwd: CHECKOUT,
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { code, said };
}

describe("without what it needs", () => {
  test.each<[what: string, env: Partial<Record<keyof typeof whole, string | undefined>>, named: string]>([
    ["no secret", { TOCSIN_SECRET: undefined }, "TOCSIN_SECRET"],
    ["a short secret", { TOCSIN_SECRET: "hunter2" }, "TOCSIN_SECRET"],
    ["a simple secret", { TOCSIN_SECRET: "a".repeat(64) }, "TOCSIN_SECRET"],
    ["a key file that is not there", { TOCSIN_KEY_FILE: join(folder, "none") }, "TOCSIN_KEY_FILE"],
    ["no identity provider", { OIDC_ISSUER: undefined }, "OIDC_ISSUER"],
  ])("%s ends the start and is named, its value never", async (_, env, named) => {
    const { code, said } = await starts({ ...whole, ...env });
    expect(code).toBe(1);
    expect(said).toContain(named);
    for (const value of Object.values(env)) if (value !== undefined) expect(said).not.toContain(value);
  });
});
