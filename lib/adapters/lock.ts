// One duty runs once over all processes: a lease row with a fencing token. A session lock would stay with a stopped
// process for ever; a lease passes on when its time is over, and the token refuses the old holder's late write.
import type { Db } from "./db.ts";

/**
 * Takes or renews the lease.
 * @returns the fencing token while `holder` has it, null when another process has it
 */
export function takeLease(db: Db, name: string, holder: string, now: Date, forMs: number): Promise<bigint | null> {
  const until = new Date(now.getTime() + forMs);
  return db.global(async (tx) => {
    const rows = await tx.$queryRaw<{ token: bigint }[]>`
      INSERT INTO duty_lease AS d (name, holder, token, until) VALUES (${name}, ${holder}, 1, ${until})
      ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
        token = CASE WHEN d.holder = excluded.holder THEN d.token ELSE d.token + 1 END
      WHERE d.holder = excluded.holder OR d.until <= ${now}
      RETURNING token`;
    return rows[0]?.token ?? null;
  });
}

/** Records how a run ended, only while the lease still is the holder's. */
export function markRun(db: Db, name: string, holder: string, now: Date, error: string | null): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`UPDATE duty_lease SET last_error = ${error},
      last_success_at = CASE WHEN ${error}::text IS NULL THEN ${now} ELSE last_success_at END
      WHERE name = ${name} AND holder = ${holder}`;
  });
}

/** Gives the lease back early, so that a successor need not wait (SIGTERM). */
export function releaseLeases(db: Db, holder: string, now: Date): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`UPDATE duty_lease SET until = ${now} WHERE holder = ${holder}`;
  });
}
