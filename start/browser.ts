// A Chromium to test with: what is on the machine, else Playwright's, else the one from npm; as root on a Debian-like
// machine the distribution's package as a last resort. Each candidate has to show its version before it counts.
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompressSync } from "node:zlib";
import { onPath } from "./on-path.ts";
import { CHECKOUT, runsAsRoot } from "./places.ts";
import { Problem } from "./problem.ts";

const run = promisify(execFile);

/** @returns an absolute path of something that starts like Chromium @throws Problem when there is none and none can be had */
export async function findBrowser(toolsDir: string, say: (line: string) => void): Promise<string> {
  const ways: (() => string | undefined | Promise<string | undefined>)[] = [
    () => process.env.TOCSIN_CHROMIUM,
    () => onPath("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
    playwrightBrowser,
    () => packagedBrowser(join(toolsDir, "chromium")),
    () => installedBrowser(say),
  ];
  const tried: string[] = [];
  for (const way of ways) {
    const path = await Promise.resolve()
      .then(way)
      .catch((error: unknown) => void tried.push(String(error).slice(0, 300)));
    if (typeof path !== "string") continue;
    const version = await run(path, ["--version"], { timeout: 20_000 }).then(
      ({ stdout }) => stdout.trim(),
      (error: unknown) => void tried.push(`${path}: ${String(error).slice(0, 300)}`),
    );
    if (version) return path;
  }
  throw new Problem(
    "The browser tests need Chromium and there is none here: install it (for example `apt-get install chromium`), or name one in TOCSIN_CHROMIUM.",
    tried.join("\n"),
  );
}

function playwrightBrowser(): string | undefined {
  const folder =
    process.env.PLAYWRIGHT_BROWSERS_PATH ||
    join(homedir(), process.platform === "darwin" ? "Library/Caches/ms-playwright" : ".cache/ms-playwright");
  if (!existsSync(folder)) return undefined;
  const inside = [
    "chrome-linux64/chrome",
    "chrome-linux/chrome",
    "chrome-headless-shell-linux64/chrome-headless-shell",
    "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
  ];
  return readdirSync(folder)
    .filter((name) => name.startsWith("chromium"))
    .sort()
    .reverse()
    .flatMap((name) => inside.map((path) => join(folder, name, path)))
    .find((path) => existsSync(path));
}

/** @sparticuz/chromium: the browser and the libraries that a bare machine lacks, both packed with Brotli. */
async function packagedBrowser(folder: string): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const launcher = join(folder, "chromium.sh");
  if (existsSync(launcher)) return launcher;
  const packed = join(CHECKOUT, "node_modules", "@sparticuz", "chromium", "bin");
  if (!existsSync(join(packed, "chromium.br"))) return undefined;
  const making = `${folder}.${process.pid}`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  for (const archive of ["al2023", "fonts", "swiftshader"]) {
    if (!existsSync(join(packed, `${archive}.tar.br`))) continue;
    const tar = join(making, `${archive}.tar`);
    writeFileSync(tar, brotliDecompressSync(readFileSync(join(packed, `${archive}.tar.br`))));
    await run("tar", ["-xf", tar, "-C", making]);
    rmSync(tar);
  }
  writeFileSync(join(making, "chromium"), brotliDecompressSync(readFileSync(join(packed, "chromium.br"))), {
    mode: 0o755,
  });
  // The machine's own libraries come first: they fit its fonts and settings.
  writeFileSync(
    join(making, "chromium.sh"),
    '#!/bin/sh\nhere=$(dirname "$0")\nLD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib" exec "$here/chromium" "$@"\n',
  );
  chmodSync(join(making, "chromium.sh"), 0o755);
  rmSync(folder, { recursive: true, force: true });
  renameSync(making, folder);
  return launcher;
}

async function installedBrowser(say: (line: string) => void): Promise<string | undefined> {
  const apt = onPath("apt-get");
  if (!runsAsRoot() || apt === undefined) return undefined;
  say("no Chromium that runs: installing the distribution's package");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () =>
    run(apt, ["install", "-y", "--no-install-recommends", "chromium"], {
      env,
      timeout: 300_000,
      maxBuffer: 64 * 1024 * 1024,
    });
  await install().catch(async () => {
    await run(apt, ["update"], { env, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 });
    await install();
  });
  return onPath("chromium");
}
