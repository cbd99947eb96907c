// The console as it was built, with its proxy taken out: a copy of the build without it, served by the console's own
// server on another port beside the one under test, over the same database.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../../start/child.ts";
import { freePort } from "../../start/ports.ts";
import { rememberedSecrets } from "../../start/secrets.ts";
import { developmentDefaults } from "../../start/settings.ts";
import { answersHttp } from "../../start/wait.ts";
import { at } from "../where.ts";
import { CHECKOUT } from "./manifest.ts";

export interface Bare {
  url: string;
  stop(): Promise<void>;
}

export async function consoleWithoutProxy(): Promise<Bare> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-no-proxy-"));
  for (const name of ["start", "package.json", "next.config.ts"])
    cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
  for (const name of ["node_modules", "lib", "generated"]) symlinkSync(join(CHECKOUT, name), join(folder, name));
  cpSync(join(CHECKOUT, ".next"), join(folder, ".next"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (from) => !/[\\/]\.next[\\/](cache|dev|trace)/.test(from),
  });
  takeOut(join(folder, ".next", "server"));

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = process.env.TOCSIN_E2E_DATA ?? "";
  const secrets = rememberedSecrets(data);
  const { issuer } = JSON.parse(readFileSync(join(data, "ready.json"), "utf8")) as { issuer: string };
  const child = await startChild({
    name: "console without its proxy",
    command: process.execPath,
    args: ["start/console.ts", "--host", "127.0.0.1", "--port", String(port)],
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      ...developmentDefaults({}, port, secrets),
      DATABASE_URL: at.database,
      REDIS_URL: process.env.TOCSIN_E2E_REDIS_URL,
      OIDC_ISSUER: issuer,
      TOCSIN_URL: url,
    },
    logFile: join(folder, "console.log"),
  });
  const stop = async () => {
    await child.stop("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answersHttp(child, `${url}/live`);
  } catch (error) {
    console.error(child.logTail(20));
    await stop();
    throw error;
  }
  return { url, stop };
}

/** Next runs it when this manifest names it, and from these files. */
function takeOut(server: string): void {
  const manifest = join(server, "functions-config-manifest.json");
  const config = JSON.parse(readFileSync(manifest, "utf8")) as { functions: Record<string, unknown> };
  if (!("/_middleware" in config.functions))
    throw new Error("The build names no proxy: this test would prove nothing.");
  delete config.functions["/_middleware"];
  writeFileSync(manifest, JSON.stringify(config));
  for (const name of ["middleware.js", "middleware.js.map", "middleware.js.nft.json", "middleware"])
    if (existsSync(join(server, name))) rmSync(join(server, name), { recursive: true });
}
