// The watcher: what does not happen cannot report itself. First our own parts, by their heartbeats; then the servers
// that nobody has looked at, each with the reason that explains it.
import { monotonicMs } from "#lib/adapters/clock";
import type { Db, Sweeper } from "#lib/adapters/db";
import type { Reason } from "#lib/domain/reason";
import { askedRegions } from "#lib/domain/tier";
import { type Beat, type Silent, silent, upSince } from "./heartbeats.ts";
import { judgePart, type Part, partKey, platformNow } from "./platform.ts";
import { beyondTier, closeAbandoned, findUnlooked, markUnlooked, type Unlooked } from "./servers.ts";

export interface WatchResult {
  opened: number;
  resolved: number;
  /** Servers that became unknown without an alert of their own. */
  covered: number;
}

/** Two intervals of the default cadence. */
export const SILENT_MS = 120_000;
const AT_LEAST_MS = 30_000;

export interface Look {
  /** How long a part may be silent: two of the shortest server interval; never under 30 s. */
  silentMs?: number;
  /** This process has looked without a gap since then. */
  since?: Date;
  /** When this process first saw each region, epoch ms; filled by the look. One just added may take its time to start. */
  regionsSeen?: Map<string, number>;
  /** What is left when it ends is for the next look. */
  signal?: AbortSignal;
}

const limitOf = ({ silentMs = SILENT_MS }: Look): number => Math.max(AT_LEAST_MS, silentMs);

/**
 * Looks again and again, and knows when it could not: with the database away or the machine asleep nobody could beat
 * either, so the first to come back must not call the others stopped.
 */
export function watcher(db: Db, sweeper: Sweeper): (now: Date, look?: Look) => Promise<WatchResult> {
  const regionsSeen = new Map<string, number>();
  let since: Date | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async (now, look = {}) => {
    const blindMs = now.getTime() - lookedAt;
    if (since === undefined || blindMs > limitOf(look) / 2 || blindMs < -limitOf(look)) since = now;
    const t0 = monotonicMs();
    const result = await watch(db, sweeper, now, { ...look, since, regionsSeen });
    lookedAt = now.getTime() + monotonicMs() - t0;
    return result;
  };
}

/** One look. */
export async function watch(db: Db, sweeper: Sweeper, now: Date, look: Look = {}): Promise<WatchResult> {
  const result: WatchResult = { opened: 0, resolved: 0, covered: 0 };
  result.resolved += await closeAbandoned(db, sweeper, now);
  const limit = limitOf(look);
  const [beats, cities] = [await beatsOf(sweeper), await enabledRegions(sweeper)];
  const regions = [...cities.keys()];
  const quiet = silent(beats, regions, now, limit);
  for (const name of regions) if (look.regionsSeen?.has(name) === false) look.regionsSeen.set(name, now.getTime());
  if (quiet === null || (look.since !== undefined && now.getTime() - look.since.getTime() < limit)) return result;
  const starting = (name: string) =>
    quiet.lastBeat({ region: name }) === null && now.getTime() - (look.regionsSeen?.get(name) ?? 0) < limit;
  const gone: Silent = { ...quiet, regions: quiet.regions.filter((name) => !starting(name)) };
  const platform = await platformNow(db);
  const from = latest(latest(upSince(beats, now, limit), platform.lastEnd), look.since ?? null) ?? now;
  const unlooked = await findUnlooked(sweeper, from, now);
  const offline = await offlineRegions(sweeper, now, limit);
  const ways: Ways = { gone, offline, enabled: regions };
  const faulty = unlooked.filter((s) => s.reason === "prober_fault" && explain(s, ways).reason === "prober_fault");
  const ours = parts(gone, cities, offline, faulty.length, platform.live);
  for (const part of ours) {
    const did = await judgePart(db, part, platform.live, now);
    if (did === "opened") result.opened++;
    if (did === "resolved") result.resolved++;
  }
  // A part of ours is back, whoever of two watchers writes it down: its servers get their time to be looked at first.
  if (ours.some((part) => !part.stopped && platform.live.has(`${partKey(part)}:unchecked`))) return result;
  for (const server of unlooked) {
    if (look.signal?.aborted) break;
    const { reason, covered } = explain(server, ways);
    const known = server.status === "unknown" && server.reason === reason && (covered || server.alerted);
    if (known) continue;
    const did = await markUnlooked(db, server, reason, covered, now);
    if (did === "opened") result.opened++;
    if (did === "marked" && covered) result.covered++;
  }
  return result;
}

async function beatsOf(sweeper: Sweeper): Promise<Beat[]> {
  return sweeper.find<Beat & Record<string, unknown>>(
    `SELECT kind, region, started_at AS "startedAt", heartbeat_at AS "heartbeatAt", stopped_at AS "stoppedAt" FROM process`,
  );
}

/** By name, with the city that people know it by. */
async function enabledRegions(sweeper: Sweeper): Promise<Map<string, string>> {
  const rows = await sweeper.find<{ name: string; city: string }>(
    "SELECT name, city FROM region WHERE enabled ORDER BY name",
  );
  return new Map(rows.map((r) => [r.name, r.city]));
}

/** Regions that said of themselves that they reach nothing, with since when; believed until they count as silent. */
async function offlineRegions(sweeper: Sweeper, now: Date, limit: number): Promise<Map<string, Date>> {
  const rows = await sweeper.find<{ region: string; since: Date }>(
    "SELECT region, offline_since AS since FROM region_now WHERE offline_since IS NOT NULL AND offline_at >= $1",
    [new Date(now.getTime() - limit)],
  );
  return new Map(rows.map((r) => [r.region, r.since]));
}

function parts(
  gone: Silent,
  cities: ReadonlyMap<string, string>,
  offline: ReadonlyMap<string, Date>,
  faulty: number,
  live: ReadonlySet<string>,
): Part[] {
  const time = (at: Date) => `${at.toISOString().slice(11, 19)} UTC`;
  const since = (at: Date | null) =>
    at === null ? "It has never reported." : `Its last sign of life was at ${time(at)}.`;
  const worker: Part = {
    ...{ kind: "worker", name: "worker", title: "Worker", reason: "worker_stopped", stopped: gone.worker },
    sentence: gone.worker ? `No worker runs. ${since(gone.lastBeat("worker"))}` : "The worker runs again.",
  };
  const regional = [...cities].map(([name, city]): Part => {
    const silent = gone.regions.includes(name);
    const cutOff = offline.get(name);
    return {
      ...{ kind: "region", name, title: `Region ${city}`, stopped: silent || cutOff !== undefined },
      reason: silent ? "region_stopped" : "region_offline",
      sentence: silent
        ? `Nothing comes from region ${city}. ${since(gone.lastBeat({ region: name }))}`
        : cutOff !== undefined
          ? `Region ${city} has reached nothing at all since ${time(cutOff)}: its own line is cut, and it blames no server meanwhile.`
          : `Region ${city} reports again.`,
    };
  });
  const probers: Part = {
    ...{ kind: "worker", name: "probers", title: "Probers", reason: "prober_fault", stopped: faulty > 0 },
    sentence:
      faulty > 0
        ? `${faulty} server${faulty === 1 ? "" : "s"} could not be probed, by a fault on our side.`
        : "Probers do their work again.",
  };
  // Without a worker nobody schedules, so its regions fall silent too: one cause, one page. What is open stays open.
  const known = (part: Part) => live.has(`${partKey(part)}:unchecked`);
  const others = [...regional, probers].filter((part) => !gone.worker || known(part));
  // A region that was disabled or removed while it was silent is expected to be.
  const retired = [...live].flatMap((print) => {
    const name = /^region:(.+):unchecked$/.exec(print)?.[1];
    return name === undefined || cities.has(name)
      ? []
      : [
          {
            kind: "region" as const,
            name,
            title: `Region ${name}`,
            reason: "region_stopped" as const,
            stopped: false,
            sentence: `Region ${name} is no longer in use.`,
          },
        ];
  });
  return [worker, ...others.map((p) => (gone.worker && known(p) ? { ...p, stopped: true } : p)), ...retired];
}

interface Ways {
  gone: Silent;
  offline: ReadonlyMap<string, Date>;
  enabled: readonly string[];
}

function explain(server: Unlooked, { gone, offline, enabled }: Ways): { reason: Reason; covered: boolean } {
  if (gone.worker) return { reason: "worker_stopped", covered: true };
  if (beyondTier(server)) return { reason: "not_checked", covered: true };
  const asked = askedRegions(server.id, server.regions, enabled, server.tier);
  const all = (away: (region: string) => boolean) => asked.length > 0 && asked.every(away);
  if (all((r) => gone.regions.includes(r))) return { reason: "region_stopped", covered: true };
  if (all((r) => gone.regions.includes(r) || offline.has(r))) return { reason: "region_offline", covered: true };
  if (server.reason === "prober_fault") return { reason: "prober_fault", covered: true };
  return { reason: "not_checked", covered: false };
}

function latest(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
