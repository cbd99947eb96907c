// Says when the checks of a region begin to start later and later, and every quarter of an hour how it went.
import type { Redis } from "ioredis";
import type { Db, Sweeper } from "#lib/adapters/db";
import { fingerprint } from "#lib/domain/fingerprint";
import { type AgeWindow, fallsBehind, percentile, ratePerMinute, REMEMBERED } from "#lib/domain/queue-age";
import { ageKey } from "../probe/ages.ts";
import { judgePart, type Part, partKey, platformNow } from "./platform.ts";

const DIGEST_MS = 15 * 60_000;

/** One look at every region's queue. @returns the regions that fall behind */
export async function watchQueues(
  deps: { db: Db; sweeper: Sweeper; redis: Redis; prefix: string },
  now: Date,
): Promise<string[]> {
  const { db, redis, prefix } = deps;
  const regions = await deps.sweeper.find<{ name: string; city: string }>(
    "SELECT name, city FROM region WHERE enabled ORDER BY name",
  );
  const { live } = await platformNow(db);
  const behind: string[] = [];
  for (const { name, city } of regions) {
    const windows = await windowsOf(redis, ageKey(prefix, name));
    const part = partOf(name, city, windows, live, now);
    if (part.stopped) behind.push(name);
    await judgePart(db, part, live, now);
    await digest(db, name, windows, now);
  }
  await endRetired(
    db,
    regions.map((r) => r.name),
    live,
    now,
  );
  return behind;
}

function partOf(name: string, city: string, windows: AgeWindow[], live: ReadonlySet<string>, now: Date): Part {
  const alerted = live.has(fingerprint(partKey({ kind: "queue", name }), "unchecked"));
  const stopped = fallsBehind(windows, alerted, now.getTime());
  const [newest, rate] = [windows.at(-1), ratePerMinute(windows.slice(-5))];
  const wait = `${((newest?.p95Ms ?? 0) / 1_000).toFixed(1)} s`;
  const sentence = stopped
    ? `Checks from ${city} start later and later: 95 of 100 within ${wait} now, ${(rate / 1_000).toFixed(1)} s more with every minute.`
    : `Checks from ${city} do not start later and later any more: 95 of 100 within ${wait}.`;
  return { kind: "queue", name, title: `Queue of ${city}`, reason: "queue_behind", stopped, sentence };
}

/** Several processes of one region write to one list: the worse of a minute counts. */
async function windowsOf(redis: Redis, key: string): Promise<AgeWindow[]> {
  const raw = await redis.lrange(key, -REMEMBERED * 2, -1);
  const byMinute = new Map<number, AgeWindow>();
  for (const text of raw) {
    const window = parse(text);
    if (window === null) continue;
    const minute = Math.floor(window.at / 60_000);
    const known = byMinute.get(minute);
    byMinute.set(
      minute,
      known === undefined || known.p95Ms < window.p95Ms
        ? { ...window, n: window.n + (known?.n ?? 0) }
        : { ...known, n: known.n + window.n },
    );
  }
  return [...byMinute.values()].sort((a, b) => a.at - b.at);
}

function parse(text: string): AgeWindow | null {
  try {
    const { at, p95Ms, n } = JSON.parse(text) as AgeWindow;
    return [at, p95Ms, n].every(Number.isFinite) ? { at, p95Ms, n } : null;
  } catch {
    return null;
  }
}

/** The quarter that has just ended, once: whoever comes second finds it there. */
async function digest(db: Db, region: string, windows: AgeWindow[], now: Date): Promise<void> {
  const end = Math.floor(now.getTime() / DIGEST_MS) * DIGEST_MS;
  if (now.getTime() - end > 2 * 60_000) return;
  const of = windows.filter((w) => w.at > end - DIGEST_MS && w.at <= end && w.n > 0);
  if (of.length === 0) return;
  const waits = of.map((w) => w.p95Ms);
  await db.global(
    (tx) => tx.$executeRaw`INSERT INTO queue_digest (region, at, batches, p95_ms, worst_ms, rate_ms)
      VALUES (${region}, ${new Date(end)}, ${of.reduce((n, w) => n + w.n, 0)}, ${Math.round(percentile(waits, 50))},
        ${Math.max(...waits)}, ${Math.round(ratePerMinute(of))}) ON CONFLICT DO NOTHING`,
  );
}

/** A region that was switched off while it was behind owes nobody anything. */
async function endRetired(db: Db, enabled: readonly string[], live: ReadonlySet<string>, now: Date): Promise<void> {
  for (const print of live) {
    const name = /^queue:(.+):unchecked$/.exec(print)?.[1];
    if (name === undefined || enabled.includes(name)) continue;
    const sentence = `Region ${name} is no longer in use.`;
    await judgePart(
      db,
      { kind: "queue", name, title: `Queue of ${name}`, reason: "queue_behind", stopped: false, sentence },
      live,
      now,
    );
  }
}
