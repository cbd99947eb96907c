// The two things that are made from the source before a start: Prisma's client and the console. Each is skipped when a
// digest over what it is made from is the one of last time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startChild } from "./child.ts";
import { CHECKOUT } from "./places.ts";
import { Problem } from "./problem.ts";

/** SHA-256 over names and contents of these files and folders of the checkout; tests do not count. */
function digest(paths: readonly string[]): string {
  const hash = createHash("sha256").update(process.versions.node);
  const add = (path: string): void => {
    const full = join(CHECKOUT, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) add(join(path, name));
    } else if (!/\.test\.tsx?$/.test(path)) {
      hash.update(path).update("\0").update(readFileSync(full));
    }
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}

interface Making {
  from: readonly string[];
  mark: string;
  args: string[];
  env: Record<string, string | undefined>;
  logFile: string;
  failed: string;
}

async function make(making: Making): Promise<"made" | "unchanged"> {
  const mark = join(CHECKOUT, making.mark);
  const now = digest(making.from);
  if (existsSync(mark) && readFileSync(mark, "utf8") === now) return "unchanged";
  rmSync(mark, { force: true }); // What is half made must not pass for made.
  rmSync(making.logFile, { force: true });
  const child = await startChild({
    name: making.args[0] ?? "",
    command: process.execPath,
    args: making.args,
    cwd: CHECKOUT,
    env: making.env,
    logFile: making.logFile,
  });
  if ((await child.exited) !== "exit code 0") throw new Problem(making.failed, child.logTail(40));
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, now);
  return "made";
}

/** @throws Problem with Prisma's own words as detail */
export function generateClient(logFile: string): Promise<"made" | "unchanged"> {
  return make({
    from: ["prisma/schema", "prisma.config.ts", "node_modules/prisma/package.json"],
    mark: "generated/.made-from",
    args: ["node_modules/prisma/build/index.js", "generate"],
    env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: "1" },
    logFile,
    failed: "Prisma's client could not be generated: mend prisma/schema as the message below says, then start again.",
  });
}

/** @throws Problem with Next's own words as detail */
export function buildConsole(env: Record<string, string | undefined>, logFile: string): Promise<"made" | "unchanged"> {
  return make({
    from: [
      "app",
      "lib",
      "proxy.ts",
      "next.config.ts",
      "postcss.config.mjs",
      "tsconfig.json",
      "package-lock.json",
      "prisma/schema",
      "prisma/roles.ts",
    ],
    mark: ".next/made-from",
    args: ["node_modules/next/dist/bin/next", "build"],
    env: { ...env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    logFile,
    failed: "The console could not be built: mend what the message below names, then start again.",
  });
}
