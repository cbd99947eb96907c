// `tocsin check` as people and pipelines run it: the real command, without database, Redis or key file.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { legacy, modern, serve } from "#lib/testing/fixtures/serve";
import { AUTHORITY, FAILURES } from "#lib/testing/fixtures/index";
import { freePort, type TestServer } from "#lib/testing/servers";
import { checkCommand } from "./cli-check.ts";

const CLI = join(import.meta.dirname, "cli.ts");
const KEY = "sk-typed-4711";
let well: TestServer;
let walled: TestServer;
let broken: TestServer;
let expired: TestServer;
let caFile: string;
const folder = mkdtempSync(join(tmpdir(), "tocsin-check-"));

const needsKey = (ok: ReturnType<typeof legacy>) =>
  serve((ask) =>
    ask.headers["x-api-key"] === KEY || ask.http === "GET"
      ? ok(ask)
      : { status: 401, headers: { "www-authenticate": `Bearer error="you sent ${ask.headers["x-api-key"]}"` } },
  );

beforeAll(async () => {
  caFile = join(folder, "ca.pem");
  writeFileSync(caFile, AUTHORITY.cert);
  const certificate = FAILURES.find((f) => f.what === "a certificate that has expired");
  [well, walled, broken, expired] = await Promise.all([
    serve(modern({})),
    needsKey(legacy({})),
    serve(legacy({ "tools/list": () => ({ result: { tools: [] } }) })),
    (certificate as (typeof FAILURES)[number]).start(),
  ]);
});
afterAll(async () => {
  await Promise.all([well, walled, broken, expired].map((s) => s.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** The same from its first argument on, without the shell around it. */
async function check(args: string[], env: Record<string, string> = {}) {
  const said = { out: "", err: "" };
  const hear = (where: keyof typeof said) => (text: string) => {
    said[where] += `${text}\n`;
  };
  const out = vi.spyOn(console, "log").mockImplementation(hear("out"));
  const err = vi.spyOn(console, "error").mockImplementation(hear("err"));
  try {
    return { code: await checkCommand(args, env as unknown as NodeJS.ProcessEnv), ...said };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

/** Only what a shell would give it: no setting of the product. */
function tocsin(args: string[], given: { env?: Record<string, string>; stdin?: string } = {}) {
  const env = { PATH: process.env.PATH ?? "", HOME: folder, ...given.env } as unknown as NodeJS.ProcessEnv;
  const child = spawn(process.execPath, [CLI, "check", ...args], { cwd: folder, env });
  child.stdin.end(given.stdin ?? "");
  const output = { out: "", err: "" };
  child.stdout.on("data", (bytes) => (output.out += bytes));
  child.stderr.on("data", (bytes) => (output.err += bytes));
  return new Promise<{ code: number | null; out: string; err: string }>((done) =>
    child.once("close", (code) => done({ code, ...output })),
  );
}

describe("tocsin check", () => {
  test("says of a server that works what it is, and leaves with 0", async () => {
    const { code, out } = await tocsin([well.url, "--allow-private"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^UP {2}http:\S+: works as clients expect\n/);
    expect(out).toMatch(/era +modern \(2026-07-28\)\n/);
    expect(out).toMatch(/ms {2}POST tools\/list: HTTP 200\n/);
  });

  test("says the reason, the cause and what to do, and leaves with 1 for degraded and 2 for down", async () => {
    const empty = await check([broken.url, "--allow-private"]);
    expect([empty.code, empty.out]).toEqual([
      1,
      expect.stringMatching(/^DEGRADED[^\n]*No tools where tools are announced\n[\s\S]*reason +empty_tool_list\n/),
    ]);
    const closed = await check([`http://127.0.0.1:${await freePort()}/mcp`, "--allow-private"]);
    expect([closed.code, closed.out]).toEqual([
      2,
      expect.stringMatching(/cause +connect_refused\n[\s\S]*to do +Start/),
    ]);
  });

  test("gives a pipeline JSON whose fields are named in the documentation", async () => {
    const { code, out } = await tocsin([expired.url, "--allow-private", "--json", "--ca", caFile]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      ...{ version: 1, status: "down", auth: "unknown", reason: "tls_invalid", cause: "tls_expired", phase: "tls" },
      evidence: { errorCode: "CERT_HAS_EXPIRED" },
      advice: "Renew the certificate and reload the server.",
      ...{ era: null, tools: null, call: null },
      timings: { totalMs: expect.any(Number), dnsMs: expect.any(Number) },
    });
  });

  test("does not look at a private address unless it is told to, and leaves with 3", async () => {
    const { code, out } = await check([well.url]);
    expect([code, out]).toEqual([3, expect.stringMatching(/blocked_address[\s\S]*add --allow-private/)]);
  });

  test("sends a header that stands in the arguments, in the environment or comes on standard input", async () => {
    const open = [walled.url, "--allow-private", "--header"];
    const all = await Promise.all([
      tocsin([...open, `X-API-Key: ${KEY}`]),
      tocsin([...open, "X-API-Key: env:MY_KEY"], { env: { MY_KEY: KEY } }),
      tocsin([...open, "X-API-Key: -"], { stdin: `${KEY}\n` }),
    ]);
    for (const { code, out } of all) expect([code, out]).toEqual([0, expect.stringMatching(/sign-in +protected/)]);
  });

  test("never prints a header's value, not even where the server sends it back", async () => {
    for (const more of [[], ["--json"]]) {
      const { code, out, err } = await check([
        walled.url,
        "--allow-private",
        "--header",
        "X-API-Key: sk-wrong-1",
        ...more,
      ]);
      expect([code, out]).toEqual([1, expect.stringContaining("credential_rejected")]);
      expect(out + err).not.toContain("sk-wrong-1");
    }
  });

  test("makes one test call when it is asked to", async () => {
    const { code, out } = await check([well.url, "--allow-private", "--json", "--call", "nothing-of-that-name"]);
    expect([code, JSON.parse(out)]).toEqual([
      1,
      expect.objectContaining({
        reason: "canary_failed",
        cause: "canary_missing",
        call: expect.objectContaining({ status: "degraded" }),
      }),
    ]);
  });

  test("leaves with 64 and a sentence for what it cannot read", async () => {
    for (const [args, sentence] of [
      [[], "Name one address"],
      [["mcp.example.com"], "That is no web address"],
      [["https://mcp.example.com/mcp", "--timeout", "600"], "from 1 to 45"],
      [["https://mcp.example.com/mcp", "--header", "X-Key: env:NOT_THERE"], "has no NOT_THERE"],
    ] as const) {
      const { code, err } = await check([...args]);
      expect([code, err]).toEqual([64, expect.stringContaining(sentence)]);
    }
  });
});
