// The official conformance suite, in the mode in which it judges clients, looks at what our prober sends.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const SUITE = join(ROOT, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

function run(scenario: string, specVersion: string): Promise<{ code: number | null; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-conformance-"));
  const client = `${process.execPath} ${join(import.meta.dirname, "conformance-client.ts")}`;
  const child = spawn(
    process.execPath,
    [SUITE, "client", "--command", client, "--scenario", scenario, "--spec-version", specVersion, "-o", folder],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes));
  return new Promise((done) => {
    child.once("exit", (code) => {
      rmSync(folder, { recursive: true, force: true });
      done({ code, output });
    });
  });
}

test.concurrent.each([
  ["initialize", "2025-11-25"],
  ["tools_call", "2025-11-25"],
  ["tools_call", "2026-07-28"],
  ["request-metadata", "2026-07-28"],
])("passes %s of %s", async (scenario, specVersion) => {
  const { code, output } = await run(scenario, specVersion);
  expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/);
  expect(output).toContain("OVERALL: PASSED");
  expect(code).toBe(0);
});
