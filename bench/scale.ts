// 2,000 servers from five regions every minute on this one machine, through the product's own processes. Every minute is
// then looked up: is each outcome there, when did its probe start, and did anything that was sealed change afterwards.
import type { TestDatabase } from "#lib/testing/database";
import { slotOffset } from "#lib/domain/cadence";
import { between, product, type Spent } from "./product.ts";
import { percentile, type Row, round } from "./parts.ts";

const REGIONS = ["fra", "iad", "sin", "gru", "syd"];
const SERVERS = Number(process.env.BENCH_SERVERS ?? 2_000);
const FLEET = { tenants: 20, servers: SERVERS, intervalS: 60, regions: REGIONS, tier: "team" } as const;
const MINUTE = 60_000;

interface Minute {
  server_id: string;
  slot: Date;
  regions: Record<string, [string, string | null, number | null]>;
}

export async function benchScale(minutes: number): Promise<Row[]> {
  const ours = await product(FLEET);
  try {
    // The slot under way at the start is no whole one; the first looks find eras, start probers and are decided one by one.
    const first = Math.ceil(Date.now() / MINUTE) * MINUTE + 4 * MINUTE;
    await until(first);
    const before = ours.spent();
    await ours.starts();
    const colours = new Map<string, string>();
    const lags: number[] = [];
    let recoloured = 0;
    for (let m = 0; m < minutes; m++) {
      // A slot is closed 20 s after its end at the latest, and decided a moment after.
      await until(first + (m + 1) * MINUTE + 30_000);
      recoloured += await repaint(ours.db, first, colours);
      const slot = first + m * MINUTE;
      const at = await minuteOf(ours.db, slot);
      const late = lagsOf(await ours.starts());
      lags.push(...late);
      console.log(
        `minute ${m + 1}: ${at.present} of ${SERVERS * REGIONS.length} outcomes, ${at.minutes} of ${SERVERS} minutes, up ${at.up}; start lag p50 ${round(percentile(late, 50), 0)} p99 ${round(percentile(late, 99), 0)} ms`,
      );
    }
    const spent = between(before, ours.spent());
    recoloured += await repaint(ours.db, first, colours);
    const total = await totals(ours.db, first, minutes);
    const expected = SERVERS * minutes;
    const figures: Record<string, number> = {
      minutes,
      "outcomes expected": expected * REGIONS.length,
      "outcomes present": total.outcomes,
      "server-minutes expected": expected,
      "server-minutes lost": expected - total.minutes,
      "server-minutes not up": total.minutes - total.up,
      "minutes re-coloured": recoloured,
      "start of the probe after its place in the slot, p50 ms": round(percentile(lags, 50), 0),
      "start of the probe after its place in the slot, p99 ms": round(percentile(lags, 99), 0),
      "start of the probe after its place in the slot, longest ms": round(Math.max(...lags), 0),
    };
    const checks = total.outcomes;
    return [
      ...Object.entries(figures).map(([what, value]) => ({ what, value })),
      ...[...spent].map(([kind, s]: [string, Spent]) => ({
        what: `${kind} (${s.processes}): RSS ${s.rssMb} MB, CPU-s per 1,000 checks`,
        value: round((s.cpuS * 1_000) / checks, 2),
      })),
    ];
  } finally {
    await ours.stop();
  }
}

const until = (at: number): Promise<void> => new Promise((done) => setTimeout(done, Math.max(0, at - Date.now())));

/**
 * How long after its place in the slot each probe sent its first request, as the servers saw it. Jobs are made for two
 * seconds at a time, so that one may be up to two seconds early.
 */
function lagsOf(starts: [serverId: string, at: number][]): number[] {
  return starts.map(([id, at]) => {
    const after = (at - slotOffset(id, FLEET.intervalS)) % MINUTE;
    return after > MINUTE - 5_000 ? after - MINUTE : after;
  });
}

const seen = (m: Minute) => Object.values(m.regions).filter(([, reason]) => reason !== "not_checked").length;
const rows = (db: TestDatabase, where: string, params: unknown[]) =>
  db.sql<Minute & { status: string }>(
    `SELECT server_id, slot, status, regions FROM probe_minute WHERE ${where}`,
    params,
  );

async function minuteOf(db: TestDatabase, slot: number) {
  const found = await rows(db, "slot = $1", [new Date(slot)]);
  const present = found.reduce((sum, m) => sum + seen(m), 0);
  return { minutes: found.length, present, up: found.filter((m) => m.status === "up").length };
}

async function totals(db: TestDatabase, first: number, minutes: number) {
  const found = await rows(db, "slot >= $1 AND slot < $2", [new Date(first), new Date(first + minutes * MINUTE)]);
  const outcomes = found.reduce((sum, m) => sum + seen(m), 0);
  return { minutes: found.length, outcomes, up: found.filter((m) => m.status === "up").length };
}

/** @returns how many minutes say something else than when they were first read */
async function repaint(db: TestDatabase, first: number, colours: Map<string, string>): Promise<number> {
  let changed = 0;
  for (const m of await rows(db, "slot >= $1", [new Date(first)])) {
    const [key, colour] = [`${m.server_id}|${m.slot.getTime()}`, JSON.stringify([m.status, m.regions])];
    if ((colours.get(key) ?? colour) !== colour) changed++;
    colours.set(key, colour);
  }
  return changed;
}
