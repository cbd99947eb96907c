// Which Redis to run: the machine's own, else the distribution's package unpacked into our folder. Nothing is installed.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { downloadPackage } from "./debian.ts";
import { onPath } from "./on-path.ts";
import { Problem } from "./problem.ts";

export interface RedisProgram {
  command: string;
  /** For a server whose libraries lie beside it. */
  libraryPath: string | undefined;
}

const PACKAGES = ["redis-server", "valkey-server"];
const ADVICE =
  "install redis-server or valkey-server (for example `apt-get install redis-server` or `brew install redis`), or set REDIS_URL to a server of yours.";

/** @throws Problem with one sentence that says what to install */
export async function redisProgram(toolsDir: string, say: (line: string) => void): Promise<RedisProgram> {
  const own = onPath("redis-server", "valkey-server");
  if (own !== undefined) return { command: own, libraryPath: undefined };
  const root = join(toolsDir, "redis");
  const unpacked = unpackedProgram(root);
  if (unpacked) return unpacked;
  if (!onPath("apt-get") || !onPath("dpkg")) throw new Problem(`Tocsin needs Redis, and there is none here: ${ADVICE}`);
  say("no Redis on this machine: fetching the distribution's package into the data folder");
  const details: string[] = [];
  for (const name of PACKAGES) {
    const into = join(toolsDir, `redis.${process.pid}`);
    mkdirSync(into, { recursive: true });
    try {
      await downloadPackage(name, into, join(toolsDir, "apt"));
      if (unpackedProgram(into) === undefined) throw new Error(`${name} holds no server`);
      rmSync(root, { recursive: true, force: true });
      renameSync(into, root);
      const program = unpackedProgram(root);
      if (program) return program;
    } catch (error) {
      details.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      rmSync(into, { recursive: true, force: true });
    }
  }
  throw new Problem(
    `Tocsin needs Redis; there is none here and the distribution's package could not be fetched: ${ADVICE}`,
    details.join("\n"),
  );
}

function unpackedProgram(root: string): RedisProgram | undefined {
  const folder = join(root, "usr", "bin");
  // redis-server is a link to redis-check-rdb's program, relative, so it survives the move.
  const command = ["redis-server", "valkey-server"].map((n) => join(folder, n)).find((p) => existsSync(p));
  return command === undefined ? undefined : { command, libraryPath: libraryFolders(root).join(":") };
}

/** usr/lib/<machine>-linux-gnu and its like below an unpacked package. */
export function libraryFolders(root: string): string[] {
  return ["usr/lib", "lib"].flatMap((base) => {
    const folder = join(root, base);
    if (!existsSync(folder)) return [];
    return [
      folder,
      ...readdirSync(folder, { withFileTypes: true })
        .filter((d) => d.isDirectory() && d.name.includes("-linux-"))
        .map((d) => join(folder, d.name)),
    ];
  });
}
