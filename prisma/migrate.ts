// Applies prisma/migrations in order, each in one transaction, under an advisory lock, and records them in
// _prisma_migrations with Prisma's own checksums (SHA-256 of the file), so that `prisma migrate status` agrees.
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { LOGIN_ROLES, rolePassword } from "../lib/adapters/roles.ts";

export { rolePassword, roleUrl, type LoginRole } from "../lib/adapters/roles.ts";

const MIGRATIONS = join(import.meta.dirname, "migrations");
const LOCK_KEY = 72_707_369; // Prisma migrate's own advisory lock number, so that the two never run together.

/** The migrations on disk, oldest first. */
export function migrations(): { name: string; sql: string; checksum: string }[] {
  return readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((d) => d.isDirectory())
    .map((d) => d.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(MIGRATIONS, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

async function ensureRoles(db: pg.Client, secret: string): Promise<void> {
  for (const role of ["tocsin_owner", "tocsin_auditor", ...LOGIN_ROLES]) {
    const { rowCount } = await db.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
    if (rowCount === 0) await db.query(`CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS`);
  }
  for (const role of LOGIN_ROLES) await db.query(`ALTER ROLE ${role} LOGIN PASSWORD '${rolePassword(secret, role)}'`);
  await db.query("GRANT tocsin_owner TO CURRENT_USER");
  const { rows } = await db.query<{ name: string }>("SELECT current_database() AS name");
  const database = pg.escapeIdentifier(rows[0]?.name ?? "");
  await db.query(`GRANT CREATE, CONNECT ON DATABASE ${database} TO tocsin_owner`);
  await db.query(`GRANT CONNECT ON DATABASE ${database} TO ${["tocsin_auditor", ...LOGIN_ROLES].join(", ")}`);
  await db.query("GRANT USAGE, CREATE ON SCHEMA public TO tocsin_owner");
  await db.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
}

/**
 * Brings the database at ownerUrl up to date and sets the role passwords from `secret`.
 * @returns the names applied now, in order; empty when there was nothing to do
 * @throws when an applied migration's file has changed since, or when one fails (nothing of it is left)
 */
export async function migrate(
  ownerUrl: string,
  secret: string,
  log: (line: string) => void = () => {},
): Promise<string[]> {
  const db = new pg.Client({ connectionString: ownerUrl, application_name: "tocsin-migrate" });
  await db.connect();
  try {
    await db.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
    await ensureRoles(db, secret);
    await db.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
      logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0)`);
    const { rows } = await db.query<{ migration_name: string; checksum: string }>(
      "SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
    );
    const applied = new Map(rows.map((r) => [r.migration_name, r.checksum]));
    const done: string[] = [];
    for (const m of migrations()) {
      const before = applied.get(m.name);
      if (before === m.checksum) continue;
      if (before !== undefined)
        throw new Error(`Migration ${m.name} was changed after it was applied: add a new one instead.`);
      await db.query("BEGIN");
      try {
        await db.query("SET LOCAL ROLE tocsin_owner");
        await db.query(m.sql);
        await db.query("RESET ROLE");
        await db.query(
          `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
           VALUES ($1, $2, clock_timestamp(), $3, 1)`,
          [randomUUID(), m.checksum, m.name],
        );
        await db.query("COMMIT");
      } catch (error) {
        await db.query("ROLLBACK");
        throw new Error(`Migration ${m.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
      done.push(m.name);
      log(m.name);
    }
    // A tenant table that came with any of them may be erased with its tenant.
    await db.query("SET ROLE tocsin_owner");
    await db.query("SELECT app.let_owner_delete()");
    await db.query("RESET ROLE");
    return done;
  } finally {
    await db.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { DATABASE_URL, TOCSIN_SECRET } = process.env;
  if (!DATABASE_URL || !TOCSIN_SECRET) {
    console.error("Set DATABASE_URL (the owner's connection) and TOCSIN_SECRET, then run this again.");
    process.exit(1);
  }
  const done = await migrate(DATABASE_URL, TOCSIN_SECRET, (name) => console.log(`applied ${name}`));
  if (done.length === 0) console.log("Nothing to apply: the database is up to date.");
}
