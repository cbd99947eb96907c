// The common slot: up as before, nothing open, nothing new. Many of one tenant are decided in one transaction and three
// statements, with the rows that decide() would have left; quiet.store.test.ts compares both on random sequences.
import { type Db, WORKER_ACTOR } from "#lib/adapters/db";
import { modeOf } from "#lib/domain/fingerprint";
import { advance } from "#lib/domain/streak";
import { fold, type SealedSlot, type Verdict } from "#lib/domain/verdict";
import { keepTranscripts, minuteCells, nowCells } from "./server-now.ts";

/** So many slots in a row with the same look go the whole way first: each stage has then seen it and its repetition. */
const SETTLED_AFTER = 3;

/** What every region said, but for how long it took. */
function looks(sealed: SealedSlot): string {
  return JSON.stringify(
    sealed.expected.map((region) => {
      const o = sealed.outcomes[region];
      return (
        o && [
          o.status,
          o.auth,
          o.reason,
          o.era,
          o.protocolVersion,
          o.serverName,
          o.tools?.contractHash,
          o.tools?.fullHash,
        ]
      );
    }),
  );
}

/** Which servers have looked the same for some slots: memory of one process, and forgetting it costs only time. */
export class Settled {
  readonly #seen = new Map<string, { looks: string; times: number }>();

  /** True when this slot may be tried together with others. */
  has(sealed: SealedSlot): boolean {
    const seen = this.#seen.get(sealed.serverId);
    return seen !== undefined && seen.times >= SETTLED_AFTER && seen.looks === looks(sealed);
  }

  /** After a slot has gone the whole way. */
  decided(sealed: SealedSlot): void {
    if (!mayBeQuiet(sealed)) {
      this.#seen.delete(sealed.serverId);
      return;
    }
    const [now, seen] = [looks(sealed), this.#seen.get(sealed.serverId)];
    this.#seen.set(sealed.serverId, { looks: now, times: seen?.looks === now ? seen.times + 1 : 1 });
  }
}

/** PURE. Every region looked and found it good, and nothing beside the server itself was looked at. */
function mayBeQuiet(sealed: SealedSlot): boolean {
  const outcomes = Object.values(sealed.outcomes);
  return (
    outcomes.length === sealed.expected.length &&
    outcomes.every((o) => o.status === "up" && o.reason === null && !o.cold && !o.extras && !o.credential)
  );
}

interface Row {
  server_id: string;
  last_slot: Date;
  good_streak: number;
  flips: bigint[];
  interval_s: number;
  tools: { count: number; contractHash: string; fullHash: string } | null;
}

/**
 * At most one slot per server.
 * @returns the slots that were decided; every other one still has to go the whole way
 */
export async function decideQuiet(
  db: Db,
  tenantId: string,
  slots: readonly SealedSlot[],
  now: Date,
): Promise<ReadonlySet<SealedSlot>> {
  const wanted = new Map(slots.filter(mayBeQuiet).map((s) => [s.serverId, { sealed: s, verdict: fold(s) }]));
  if (wanted.size === 0) return new Set();
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    const ids = [...wanted.keys()];
    // In one order, so that two who lock several never wait for each other.
    const rows = await tx.$queryRaw<Row[]>`
      SELECT n.server_id, n.last_slot, n.good_streak, n.flips, s.interval_s, n.tools - 'names' AS tools
      FROM server_now n JOIN server s ON s.tenant_id = n.tenant_id AND s.id = n.server_id
      WHERE n.tenant_id = app.tenant() AND n.server_id = ANY (${ids}::uuid[]) AND n.status = 'up' AND n.reason IS NULL AND n.bad_streak = 0
        AND n.last_slot IS NOT NULL AND (n.surface->'calm' IS NOT NULL OR n.tools IS NULL) AND NOT s.paused AND s.removed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.tenant_id = n.tenant_id AND i.server_id = n.server_id AND i.state <> 'resolved')
      ORDER BY n.server_id FOR UPDATE OF n`;
    const decided = new Set<SealedSlot>();
    const writes = rows.flatMap((row) => {
      const { sealed, verdict } = wanted.get(row.server_id) as { sealed: SealedSlot; verdict: Verdict };
      if (!isQuiet(row, sealed, verdict, now)) return [];
      decided.add(sealed);
      const { latencyMs: latency, evidence, auth, era, protocolVersion: version, serverName: name } = verdict;
      const flips = row.flips.map(Number);
      const streaks = advance({ bad: 0, good: row.good_streak, flips }, "good", sealed.slot);
      const cells = { cells: nowCells(verdict, sealed.slot), minute: minuteCells(verdict) };
      const slot = new Date(sealed.slot).toISOString();
      return [{ id: row.server_id, slot, evidence, latency, auth, era, version, name, ...cells, ...streaks }];
    });
    if (writes.length === 0) return decided;
    // NOTIFY says the same as for each alone, at commit.
    await tx.$queryRaw`
      WITH g AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(writes)}::jsonb) AS g (id uuid, slot timestamptz, evidence text, latency int, auth text,
          era text, version text, name text, cells jsonb, minute jsonb, good int, flips bigint[])),
        seen AS (UPDATE server_now n SET last_slot = g.slot, evidence = g.evidence, regions = g.cells, latency_ms = g.latency, good_streak = g.good, flips = g.flips,
          auth = CASE WHEN g.auth = 'unknown' THEN n.auth ELSE g.auth END, era = coalesce(g.era, n.era),
          protocol_version = coalesce(g.version, n.protocol_version), server_name = coalesce(g.name, n.server_name)
          FROM g WHERE n.tenant_id = app.tenant() AND n.server_id = g.id),
        kept AS (INSERT INTO probe_minute (tenant_id, server_id, slot, status, reason, latency_ms, regions)
          SELECT app.tenant(), g.id, g.slot, 'up', NULL, g.latency, g.minute FROM g ON CONFLICT DO NOTHING)
      SELECT count(pg_notify('tocsin_live', json_build_object('tenant', ${tenantId}::text, 'what', 'server', 'id', g.id)::text))::int FROM g`;
    await keepTranscripts(tx, [...decided]);
    return decided;
  });
}

function isQuiet(row: Row, sealed: SealedSlot, verdict: Verdict, now: Date): boolean {
  const { tools: known } = row;
  // Of every region, and not only of the one that the verdict quotes: another list in one of them is news.
  const same = Object.values(sealed.outcomes).every(
    ({ tools }) =>
      tools === null ||
      (known !== null &&
        tools.count === known.count &&
        tools.fullHash === known.fullHash &&
        tools.contractHash === known.contractHash),
  );
  const last = row.last_slot.getTime();
  return (
    same &&
    verdict.status === "up" &&
    verdict.reason === null &&
    modeOf(verdict) === null &&
    last < sealed.slot &&
    last <= now.getTime() + row.interval_s * 1_000
  );
}
