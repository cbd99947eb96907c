// Store writes through the sealing script at a fixed pace, as five regions of many servers make them, from one process
// with one connection each. What was sealed is then compared with what was accepted, slot by slot.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { openRedis } from "#lib/adapters/redis";
import { sealAt } from "#lib/domain/cadence";
import type { Outcome } from "#lib/domain/outcome";
import { testRedis } from "#lib/testing/redis";
import { record } from "../worker/probe/record.ts";
import { sealDue } from "../worker/probe/seal.ts";
import { sealedStream } from "../worker/probe/slots.ts";
import { percentile, type Row, round } from "./parts.ts";

const PER_MINUTE = 200_000;
const REGIONS = ["fra", "iad", "sin", "gru", "syd"];
const SERVERS = 2_000;
const TICK_MS = 10;
/** Of a hundred writes: said twice with another colour, and said again long after the end. */
const TWICE = 2;
const LATE = 1;
/** Of a hundred slots: one region never speaks, and the sweep closes it. */
const GAPS = 3;

interface Slot {
  tenantId: string;
  serverId: string;
  slot: number;
  /** Region → colour of the write that was accepted. */
  accepted: Map<string, string>;
  sealed: number;
}

interface Tally {
  writes: number;
  refused: number;
  lost: number;
  twice: number;
  recoloured: number;
  entries: number;
}

export async function benchSealing(seconds: number): Promise<Row[]> {
  const store = testRedis();
  const hands = REGIONS.map(() => openRedis(store.url));
  const tally: Tally = { writes: 0, refused: 0, lost: 0, twice: 0, recoloured: 0, entries: 0 };
  const slots = new Map<string, Slot>();
  const servers = Array.from({ length: SERVERS }, () => ({ tenantId: randomUUID(), serverId: randomUUID() }));
  const began = Math.floor(Date.UTC(2026, 0, 1) / 60_000) * 60_000;
  const waits: number[] = [];
  const flying = new Set<Promise<unknown>>();
  const before = await redisUse(store.redis);
  const cpu = process.cpuUsage();
  const start = performance.now();
  let made = 0;
  let reading = Promise.resolve();
  let reads = 1;
  const due = () => Math.floor(((performance.now() - start) / 60_000) * PER_MINUTE);

  const write = async (n: number, intended: number): Promise<void> => {
    // Write n is region n % 5 of server-minute n / 5; server-minutes go through all servers, minute by minute.
    const index = Math.floor(n / REGIONS.length);
    const which = n % REGIONS.length;
    const region = REGIONS[which] as string;
    const server = servers[index % SERVERS] as (typeof servers)[number];
    const slot = began + Math.floor(index / SERVERS) * 60_000;
    if (which === 4 && index % 100 < GAPS) return; // Fewer than asked for, by so many.
    const key = `${server.serverId}|${slot}`;
    const known = slots.get(key) ?? { ...server, slot, accepted: new Map(), sealed: 0 };
    slots.set(key, known);
    const plan = { ...server, slot, intervalS: 60, expected: REGIONS };
    const say = (bad: boolean, now: number) => {
      tally.writes++;
      return record(hands[which] as Redis, store.prefix, plan, outcome(plan, region, bad), null, new Date(now));
    };
    const answer = await say(n % 7 === 0, slot + 1_000);
    waits.push(performance.now() - intended);
    if (answer === "recorded" || answer === "sealed") known.accepted.set(region, n % 7 === 0 ? "down" : "up");
    else tally.lost++;
    if (n % 100 < TWICE && (await say(n % 7 !== 0, slot + 2_000)) !== "recorded") tally.refused++;
    if (n % 100 >= 100 - LATE && (await say(true, sealAt(slot, 60))) === "late") tally.refused++;
  };

  while (performance.now() - start < seconds * 1_000) {
    const intended = performance.now();
    for (const until = due(); made < until; made++) {
      const one = write(made, intended).finally(() => flying.delete(one));
      flying.add(one);
    }
    if (performance.now() - start >= reads * 1_000) {
      reads++;
      reading = reading.then(async () => void (await read(store.redis, store.prefix, slots, tally)));
    }
    await new Promise((next) => setTimeout(next, TICK_MS));
  }
  await Promise.all(flying);
  const wallS = (performance.now() - start) / 1_000;
  const used = process.cpuUsage(cpu);
  await sealDue(store.redis, store.prefix, new Date(began + 10 * 86_400_000));
  await reading;
  while ((await read(store.redis, store.prefix, slots, tally)) > 0);
  const after = await redisUse(store.redis);
  for (const slot of slots.values()) {
    if (slot.accepted.size > 0 && slot.sealed === 0) tally.lost++;
    if (slot.sealed > 1) tally.twice++;
  }
  for (const hand of hands) hand.disconnect();
  await store.close();
  const cpuS = (used.user + used.system) / 1e6;
  const figures: Record<string, number> = {
    "writes a minute, asked for": PER_MINUTE,
    "writes a minute, made": round((tally.writes / wallS) * 60, 0),
    seconds: round(wallS, 0),
    "from the intended moment to the answer, p50 ms": round(percentile(waits, 50), 2),
    "from the intended moment to the answer, p99 ms": round(percentile(waits, 99), 2),
    "CPU ms of the client, each": round((cpuS * 1_000) / tally.writes, 3),
    "CPU ms of Redis, each": round(((after.cpuS - before.cpuS) * 1_000) / tally.writes, 3),
    "MB in Redis afterwards": round(after.mb),
    "RSS of the client with its book of what to expect, MB": round(rssMb(), 0),
    "slots sealed": tally.entries,
    "second words and late words, refused": tally.refused,
    "outcomes lost": tally.lost,
    "slots sealed twice": tally.twice,
    "outcomes re-coloured": tally.recoloured,
  };
  return Object.entries(figures).map(([what, value]) => ({ what, value }));
}

/** Takes what is in the stream, as the pipeline does. @returns the number of entries */
async function read(redis: Redis, prefix: string, slots: Map<string, Slot>, tally: Tally): Promise<number> {
  const entries = await redis.xrange(sealedStream(prefix), "-", "+", "COUNT", 5_000);
  for (const [, fields] of entries) {
    const said = JSON.parse(fields[1] ?? "{}") as { serverId: string; slot: number; outcomes: Record<string, Outcome> };
    const slot = slots.get(`${said.serverId}|${said.slot}`);
    if (!slot) throw new Error("a slot was sealed that nobody wrote");
    slot.sealed++;
    tally.entries++;
    for (const [region, colour] of slot.accepted) {
      const sealed = said.outcomes[region];
      if (sealed === undefined) tally.lost++;
      else if (sealed.status !== colour) tally.recoloured++;
    }
  }
  if (entries.length > 0) await redis.xdel(sealedStream(prefix), ...entries.map(([id]) => id));
  return entries.length;
}

function outcome(of: { tenantId: string; serverId: string; slot: number }, region: string, bad: boolean): Outcome {
  return {
    ...{ tenantId: of.tenantId, serverId: of.serverId, slot: of.slot, region },
    ...(bad
      ? { status: "down", reason: "timeout", phase: "connect", evidence: { detail: "No answer within 5 s." } }
      : { status: "up", reason: null, phase: null, evidence: {} }),
    ...{ auth: "open", era: "modern", protocolVersion: "2026-07-28", serverName: "bench 1.0.0" },
    timings: { connectMs: 0.4, firstRequestMs: 1.2, toolListMs: 1.1, totalMs: 2.9 },
    tools: { count: 3, contractHash: "c".repeat(64), fullHash: "f".repeat(64), names: ["one", "two", "three"] },
    ...{ cold: false, finishedAt: of.slot + 1_000 },
  };
}

async function redisUse(redis: Redis): Promise<{ cpuS: number; mb: number }> {
  const text = `${await redis.info("cpu")}\n${await redis.info("memory")}`;
  const value = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1] ?? Number.NaN);
  return { cpuS: value("used_cpu_sys") + value("used_cpu_user"), mb: value("used_memory") / 1e6 };
}

const rssMb = (): number => (Number(readFileSync("/proc/self/statm", "latin1").split(" ")[1]) * 4_096) / 1e6;
