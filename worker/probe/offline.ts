// A region that reaches nothing says so in its own row, for as long as it lasts; the watcher alerts once from it.
import type { Db } from "#lib/adapters/db";

/** @returns what writes it down, and nothing at all while nothing is wrong */
export function offlineNote(db: Db, region: string): (since: Date | null, now: Date) => Promise<void> {
  let said = true; // What an earlier process of this region said is taken back by the first beat.
  return async (since, now) => {
    if (since === null && !said) return;
    await db.global(
      (tx) => tx.$executeRaw`INSERT INTO region_now (region, offline_since, offline_at)
        SELECT name, ${since}::timestamptz, ${now} FROM region WHERE name = ${region}
        ON CONFLICT (region) DO UPDATE SET offline_since = excluded.offline_since, offline_at = excluded.offline_at`,
    );
    said = since !== null;
  };
}
