// Months are made ahead, so that a write at midnight never waits for DDL. The owner makes them, through a function.
import type { Db } from "#lib/adapters/db";

const MONTHS_AHEAD = 3;

export function makePartitions(db: Db, now: Date): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`SELECT app.make_partitions('probe_minute', ${now}::date, ${MONTHS_AHEAD}::int)`;
    await tx.$executeRaw`SELECT app.make_audit_partitions(${now}::date, ${MONTHS_AHEAD}::int)`;
  });
}
