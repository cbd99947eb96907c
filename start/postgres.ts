// PostgreSQL from the npm package's binaries, started by us and not by the package's own class: that one wants to make
// system users when it runs as root, and loses the process when this one dies.
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { type Child, startChild } from "./child.ts";
import { freePort, isFree } from "./ports.ts";
import { type PostgresPlace, postgresPlace } from "./postgres-place.ts";
import { clearStaleLock } from "./postgres-lock.ts";
import { messageOf, Problem } from "./problem.ts";

export interface Postgres {
  /** The superuser's connection to the database `tocsin`, over 127.0.0.1 with a password. */
  ownerUrl: string;
  pid: number;
  port: number;
  /** Where its data really is: dataDir, or as root a place that "nobody" can reach. Whoever throws data away removes it. */
  folder: string;
  /** fast: open transactions are rolled back, all is written. immediate: as after a power cut. Data stays in both. */
  stop(how?: "fast" | "immediate"): Promise<void>;
  /** Says how the server ended; never rejects. */
  exited: Promise<string>;
}

export interface PostgresOptions {
  /** Holds the cluster; made when absent. As root it may be kept elsewhere, see postgres-place.ts. */
  dataDir: string;
  /** Without it: the one of last time, or a free one. */
  port?: number;
  /** false for tests only: faster, and lost with the machine. */
  fsync?: boolean;
  maxConnections?: number;
}

const UNSAFE = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
];
const READY_WITHIN_MS = 60_000;

/** @throws Problem with one sentence when it cannot be installed, started or reached */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const place = postgresPlace(options.dataDir);
  const password = rememberedPassword(place);
  if (!existsSync(join(place.cluster, "PG_VERSION"))) initialise(place);
  clearStaleLock(place.cluster);
  for (let attempt = 0; ; attempt++) {
    const port = await choosePort(place, options.port);
    const child = await startChild({
      name: "PostgreSQL",
      command: join(place.native, "bin", "postgres"),
      args: ["-D", place.cluster, ...settings(port, options).flatMap((s) => ["-c", s])],
      env: serverEnv,
      cwd: place.folder,
      logFile: join(place.folder, "postgres.log"),
      stopSignal: "SIGINT",
      graceMs: 8_000,
      ...(place.runAs ?? {}),
    });
    try {
      const ownerUrl = await reachable(child, port, password);
      return {
        ownerUrl,
        pid: child.pid,
        port,
        folder: place.folder,
        exited: child.exited,
        stop: (how = "fast") => child.stop(how === "fast" ? "SIGINT" : "SIGQUIT"),
      };
    } catch (error) {
      await child.stop("SIGQUIT");
      const log = child.logTail();
      if (/could not bind|Address already in use/.test(log) && options.port === undefined && attempt < 3) {
        rmSync(join(place.folder, "port"), { force: true });
        continue;
      }
      throw new Problem(
        `PostgreSQL did not start in ${place.cluster}: its log ${join(place.folder, "postgres.log")} says why; set DATABASE_URL to use a server of yours.`,
        `${messageOf(error)}\n${log}`,
      );
    }
  }
}

/** The owner's connection to the server that a start brought in this folder; null where there was none. */
export function rememberedOwnerUrl(dataDir: string): string | null {
  const { folder } = postgresPlace(dataDir);
  const [password, port] = ["password", "port"].map((name) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim() : "",
  );
  return password && port ? ownerUrlOf("tocsin", password, Number(port)) : null;
}

const ownerUrlOf = (database: string, password: string, port: number): string =>
  `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;

const serverEnv = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } as unknown as NodeJS.ProcessEnv;

function settings(port: number, options: PostgresOptions): string[] {
  return [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    `max_connections=${options.maxConnections ?? 200}`,
    "shared_buffers=128MB",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "password_encryption=scram-sha-256",
    ...(options.fsync === false ? UNSAFE : []),
  ];
}

function rememberedPassword(place: PostgresPlace): string {
  const file = join(place.folder, "password");
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const password = randomBytes(24).toString("hex");
  writeFileSync(file, password, { mode: 0o600 });
  if (place.runAs) chownSync(file, place.runAs.uid, place.runAs.gid);
  return password;
}

function initialise(place: PostgresPlace): void {
  rmSync(place.cluster, { recursive: true, force: true }); // Left by an initdb that was cut off: PG_VERSION comes early, but not first.
  mkdirSync(place.cluster, { mode: 0o700, recursive: true });
  if (place.runAs) chownSync(place.cluster, place.runAs.uid, place.runAs.gid);
  const args = [
    "-D",
    place.cluster,
    "-U",
    "postgres",
    `--pwfile=${join(place.folder, "password")}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
  ];
  const made = spawnSync(join(place.native, "bin", "initdb"), args, {
    cwd: place.folder,
    env: serverEnv,
    encoding: "utf8",
    ...(place.runAs ?? {}),
  });
  if (made.status === 0) return;
  rmSync(place.cluster, { recursive: true, force: true });
  throw new Problem(
    `PostgreSQL could not set up its data in ${place.cluster}: see that this user may write there, or set DATABASE_URL to use a server of yours.`,
    made.error ? messageOf(made.error) : `${made.stdout}\n${made.stderr}`.trim(),
  );
}

async function choosePort(place: PostgresPlace, asked: number | undefined): Promise<number> {
  if (asked !== undefined) return asked;
  const file = join(place.folder, "port");
  const before = existsSync(file) ? Number(readFileSync(file, "utf8")) : Number.NaN;
  const port = Number.isInteger(before) && (await isFree(before)) ? before : await freePort();
  writeFileSync(file, String(port));
  return port;
}

/** Waits until the server answers, and makes the database. */
async function reachable(child: Child, port: number, password: string): Promise<string> {
  const url = (database: string) => ownerUrlOf(database, password, port);
  const end = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url("postgres"), connectionTimeoutMillis: 2_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'tocsin'");
      if (rowCount === 0) await client.query("CREATE DATABASE tocsin");
      return url("tocsin");
    } catch (error) {
      if (child.hasExited()) throw new Error(`the server ended (${await child.exited})`, { cause: error });
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 40));
    } finally {
      await client.end().catch(() => {});
    }
  }
}
