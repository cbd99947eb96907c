// What is known of an agent, for people and for the watcher: its sign of life is a row like any other prober's.
import type { Db } from "#lib/adapters/db";

export interface AgentNews {
  region: string;
  session: string;
  tokenId: string;
  host: string;
  build: string;
  protocol: number;
  startedAt: Date;
  skewMs: number;
  rttMs: number | null;
  buffered: number;
  offlineSince: Date | null;
}

/** A clock that was never set is decades off: said as the most that the column holds, so that the agent works on. */
const MOST_SKEW_MS = 2_147_483_647;

/** One transaction; called every few seconds per agent at most. */
export function heardOf(db: Db, n: AgentNews, more: { late: number; lost: number }, now: Date): Promise<void> {
  const skewMs = Math.round(Math.min(MOST_SKEW_MS, Math.max(-MOST_SKEW_MS, n.skewMs)));
  return db.global(async (tx) => {
    await tx.$executeRaw`INSERT INTO process (id, kind, region, host, started_at, heartbeat_at)
      VALUES (${n.session}::uuid, 'prober', ${n.region}, ${n.host}, ${n.startedAt}, ${now})
      ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, stopped_at = NULL`;
    await tx.$executeRaw`INSERT INTO region_now (region, agent_id, host, build, protocol, seen_at, skew_ms, rtt_ms, buffered, late, lost, offline_since, offline_at)
      VALUES (${n.region}, ${n.session}::uuid, ${n.host}, ${n.build}, ${n.protocol}, ${now}, ${skewMs}, ${n.rttMs}::int, ${n.buffered}, ${more.late}, ${more.lost}, ${n.offlineSince}::timestamptz, ${now})
      ON CONFLICT (region) DO UPDATE SET agent_id = excluded.agent_id, host = excluded.host, build = excluded.build, protocol = excluded.protocol,
        seen_at = excluded.seen_at, skew_ms = excluded.skew_ms, rtt_ms = excluded.rtt_ms, buffered = excluded.buffered,
        late = region_now.late + excluded.late, lost = region_now.lost + excluded.lost,
        offline_since = excluded.offline_since, offline_at = excluded.offline_at, refused = NULL, refused_at = NULL`;
    await tx.$executeRaw`UPDATE region_token SET last_used_at = ${now} WHERE id = ${n.tokenId}::uuid`;
  });
}

/** An ordered stop: written down, so that it can be told from a silence. */
export function saidGoodbye(db: Db, session: string, now: Date): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`UPDATE process SET stopped_at = ${now}, heartbeat_at = ${now} WHERE id = ${session}::uuid AND kind = 'prober'`;
  });
}

export function turnedAway(db: Db, region: string, why: string, now: Date): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`INSERT INTO region_now (region, refused, refused_at) VALUES (${region}, ${why}, ${now})
      ON CONFLICT (region) DO UPDATE SET refused = excluded.refused, refused_at = excluded.refused_at`;
  });
}
