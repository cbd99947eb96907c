// How much waits for each region, for the page of regions: a count per region, and nothing of what waits.
import type { Redis } from "ioredis";
import type { Db } from "#lib/adapters/db";
import { queueName, queuePrefix } from "../probe/job.ts";

/** @returns batches that wait, by region */
export async function noteWaiting(db: Db, redis: Redis, prefix: string, now: Date): Promise<Record<string, number>> {
  const rows = await db.global(
    (tx) => tx.$queryRaw<{ name: string }[]>`SELECT name FROM region WHERE enabled ORDER BY name`,
  );
  const counts = await Promise.all(
    rows.map(({ name }) => redis.llen(`${queuePrefix(prefix)}:${queueName(name)}:wait`)),
  );
  const waiting = Object.fromEntries(rows.map(({ name }, i) => [name, counts[i] ?? 0]));
  await db.global(
    (tx) => tx.$executeRaw`INSERT INTO region_now (region, waiting, waiting_at)
      SELECT w.key, w.value::int, ${now} FROM jsonb_each_text(${JSON.stringify(waiting)}::jsonb) AS w
      ON CONFLICT (region) DO UPDATE SET waiting = excluded.waiting, waiting_at = excluded.waiting_at`,
  );
  return waiting;
}
