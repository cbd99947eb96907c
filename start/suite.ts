// The runners of `npm test` and `npm run check`, each brought to a tally. Their output goes through as it is.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { leash } from "./leash.ts";
import { CHECKOUT } from "./places.ts";
import { fromReport, readPlaywright, readVitest, type Tally } from "./tally.ts";

export type Env = Record<string, string | undefined>;

const bin = (path: string): string => join(CHECKOUT, "node_modules", path);
// Output that is not a terminal's: escape codes would only soil logs.
const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1", FORCE_COLOR: undefined };

function exec(args: string[], env: Env): Promise<{ code: number; seconds: number }> {
  const since = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: CHECKOUT,
      env: { ...process.env, ...plain, ...env } as NodeJS.ProcessEnv,
      detached: true,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const unleash = child.pid === undefined ? () => {} : leash(child.pid, "SIGTERM");
    const done = (code: number | null) => {
      unleash();
      resolve({ code: code ?? 1, seconds: (performance.now() - since) / 1000 });
    };
    child.once("error", () => done(1));
    child.once("exit", done);
  });
}

async function asOne(name: string, args: string[]): Promise<Tally> {
  const { code, seconds } = await exec(args, {});
  return code === 0
    ? { name, passed: 1, failed: 0, failures: [], seconds }
    : { name, passed: 0, failed: 1, failures: [`${name}: see above`], seconds };
}

export const types = (): Promise<Tally> => asOne("types", [bin("typescript/bin/tsc"), "--noEmit", "-p", "."]);

export const lint = (): Promise<Tally> =>
  asOne("lint", [
    bin("@biomejs/biome/bin/biome"),
    "check",
    "--config-path=start/biome.json",
    "--diagnostic-level=error",
    ".",
  ]);

/** @param projects of start/vitest.config.ts */
export async function vitest(
  projects: readonly string[],
  reports: string,
  env: Env,
  only: readonly string[] = [],
): Promise<Tally> {
  const name = projects.join(", ");
  const file = join(reports, `vitest-${projects.join("-")}.json`);
  const args = [
    bin("vitest/vitest.mjs"),
    "run",
    "--config",
    "start/vitest.config.ts",
    ...projects.flatMap((p) => ["--project", p]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...only,
  ];
  const { code, seconds } = await exec(args, env);
  return unlessCrashed(fromReport(name, file, seconds, readVitest), code);
}

export async function playwright(reports: string, env: Env, only: readonly string[] = []): Promise<Tally> {
  const file = join(reports, "playwright.json");
  const args = [
    bin("@playwright/test/cli.js"),
    "test",
    "--config",
    "e2e/playwright.config.ts",
    "--reporter=list,json",
    ...only,
  ];
  const { code, seconds } = await exec(args, {
    ...env,
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  });
  return unlessCrashed(fromReport("browser", file, seconds, readPlaywright), code);
}

/** Unhandled errors outside of tests end a runner with a code and no failed test. */
function unlessCrashed(tally: Tally, code: number): Tally {
  if (code === 0 || tally.failed > 0) return tally;
  return { ...tally, failed: 1, failures: [...tally.failures, `${tally.name}: the runner ended with code ${code}`] };
}
