import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromReport, readPlaywright, readVitest, sum, type Tally } from "./tally.ts";

const tally = (passed: number, failed: number): Tally => ({ name: "x", passed, failed, failures: [], seconds: 0 });

describe("the closing line", () => {
  const rows: [string, Tally[], string, number][] = [
    ["adds up all runners", [tally(3, 0), tally(4, 0)], "7 passed, 0 failed", 0],
    ["fails with one failure anywhere", [tally(3, 0), tally(4, 1)], "7 passed, 1 failed", 1],
    ["fails when a runner ran nothing", [tally(3, 0), tally(0, 0)], "3 passed, 0 failed", 1],
    ["fails when there was no runner", [], "0 passed, 0 failed", 1],
  ];
  it.each(rows)("%s", (_title, tallies, line, exitCode) => {
    expect(sum(tallies)).toMatchObject({ line, exitCode });
  });
});

describe("a report", () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-tally-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("that is missing counts as one failure", () => {
    expect(fromReport("e2e", join(folder, "none.json"), 1, readPlaywright)).toMatchObject({ passed: 0, failed: 1 });
  });

  it("that is torn counts as one failure", () => {
    const file = join(folder, "torn.json");
    writeFileSync(file, '{"numPassedTests": 3');
    expect(fromReport("unit", file, 1, readVitest)).toMatchObject({ passed: 0, failed: 1 });
  });

  it("of vitest counts a file that could not be loaded", () => {
    const loaded = {
      name: "a.test.ts",
      status: "failed",
      assertionResults: [{ status: "failed", fullName: "a fails" }],
    };
    const broken = { name: "b.test.ts", status: "failed", message: "SyntaxError: no\n  at b", assertionResults: [] };
    expect(readVitest({ numPassedTests: 5, numFailedTests: 1, testResults: [loaded, broken] })).toEqual({
      passed: 5,
      failed: 2,
      failures: ["a.test.ts: a fails", "b.test.ts: SyntaxError: no"],
    });
  });

  it("of Playwright counts errors outside tests and names failures with their path", () => {
    const report = {
      stats: { expected: 2, unexpected: 1, flaky: 1, skipped: 0 },
      errors: [{ message: "config broken\nmore" }],
      suites: [
        {
          title: "roles.spec.ts",
          suites: [{ title: "an auditor", specs: [{ title: "sees no buttons", ok: false, tests: [] }] }],
        },
      ],
    };
    expect(readPlaywright(report)).toEqual({
      passed: 3,
      failed: 2,
      failures: ["roles.spec.ts › an auditor › sees no buttons", "config broken"],
    });
  });
});
