// The two things that are made from the source before a start: Prisma's client and the console. Each is skipped when a
// digest over what it is made from is the one of last time.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

async function make(options: { from: readonly string[]; mark: string; args: string[]; env: NodeJS.ProcessEnv; failed: string }): Promise<"made" | "unchanged"> {
  const mark = join(CHECKOUT, options.mark);
  const now = digest(options.from);
  if (existsSync(mark) && readFileSync(mark, "utf8") === now) return "unchanged";
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, options.args, { cwd: CHECKOUT, env: options.env, maxBuffer: 32 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Problem(options.failed, `${stdout}\n${stderr}`.trim()));
      else resolve();
    });
  });
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, now);
  return "made";
}

/** @throws Problem with Prisma's own words as detail */
export function generateClient(): Promise<"made" | "unchanged"> {
  return make({
    from: ["prisma/schema", "prisma.config.ts", "node_modules/prisma/package.json"],
    mark: "generated/.made-from",
    args: ["node_modules/prisma/build/index.js", "generate"],
    env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: "1" },
    failed: "Prisma's client could not be generated: mend prisma/schema as the message below says, then start again.",
  });
}

/** @throws Problem with Next's own words as detail */
export function buildConsole(env: NodeJS.ProcessEnv): Promise<"made" | "unchanged"> {
  return make({
    from: ["app", "lib", "proxy.ts", "next.config.ts", "postcss.config.mjs", "tsconfig.json", "package-lock.json", "generated"],
    mark: ".next/made-from",
    args: ["node_modules/next/dist/bin/next", "build"],
    env: { ...env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    failed: "The console could not be built: mend what the message below names, then start again.",
  });
}
