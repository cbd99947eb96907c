// What the runners say, brought to one form and summed up.
import { existsSync, readFileSync } from "node:fs";

export interface Tally {
  name: string;
  passed: number;
  failed: number;
  /** What failed, one line each, for the end of the output. */
  failures: string[];
  seconds: number;
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

interface PlaywrightReport {
  stats: { expected: number; unexpected: number; flaky: number; skipped: number };
  errors: { message?: string }[];
  suites: PlaywrightSuite[];
}
interface PlaywrightSuite {
  title: string;
  suites?: PlaywrightSuite[];
  specs?: { title: string; ok: boolean; tests: { status: string }[] }[];
}

/** A runner that left no readable report has failed, whatever else it did. */
export function fromReport<T>(
  name: string,
  file: string,
  seconds: number,
  read: (report: T) => Omit<Tally, "name" | "seconds">,
): Tally {
  try {
    if (!existsSync(file)) throw new Error("no report was written");
    return { name, seconds, ...read(JSON.parse(readFileSync(file, "utf8")) as T) };
  } catch (error) {
    return {
      name,
      seconds,
      passed: 0,
      failed: 1,
      failures: [`${name}: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

export function readVitest(report: VitestReport): Omit<Tally, "name" | "seconds"> {
  // A file that could not be loaded has no assertions and must still count.
  const broken = report.testResults.filter(
    (f) => f.status === "failed" && !f.assertionResults.some((a) => a.status === "failed"),
  );
  const failing = report.testResults.flatMap((f) =>
    f.assertionResults.filter((a) => a.status === "failed").map((a) => `${f.name}: ${a.fullName}`),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    failures: [...failing, ...broken.map((f) => `${f.name}: ${(f.message ?? "could not be run").split("\n")[0]}`)],
  };
}

export function readPlaywright(report: PlaywrightReport): Omit<Tally, "name" | "seconds"> {
  const failing: string[] = [];
  const walk = (suite: PlaywrightSuite, above: string): void => {
    const here = above === "" ? suite.title : `${above} › ${suite.title}`;
    for (const spec of suite.specs ?? []) if (!spec.ok) failing.push(`${here} › ${spec.title}`);
    for (const inner of suite.suites ?? []) walk(inner, here);
  };
  for (const suite of report.suites) walk(suite, "");
  return {
    passed: report.stats.expected + report.stats.flaky,
    failed: report.stats.unexpected + report.errors.length,
    failures: [...failing, ...report.errors.map((e) => (e.message ?? "error").split("\n")[0] ?? "")],
  };
}

export interface Sum {
  passed: number;
  failed: number;
  /** The very last line of the output. */
  line: string;
  exitCode: 0 | 1;
}

/** Nothing failed and nothing passed is a failure too: a suite that ran no test has shown nothing. */
export function sum(tallies: readonly Tally[]): Sum {
  const passed = tallies.reduce((n, t) => n + t.passed, 0);
  const failed = tallies.reduce((n, t) => n + t.failed, 0);
  const empty = tallies.length === 0 || tallies.some((t) => t.passed + t.failed === 0);
  return { passed, failed, line: `${passed} passed, ${failed} failed`, exitCode: failed > 0 || empty ? 1 : 0 };
}
