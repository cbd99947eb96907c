// The gate of the worker: a sink that fails again and again, or asked for a pause, is left alone and then tried once;
// a vendor's limit is kept before it has to refuse. Trouble is a row, so that every process and every page sees it.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { hint, liveHint } from "#lib/adapters/hint";
import type { Log } from "#lib/adapters/log";
import { asked, doorOf, failed, nextTryAt, type Trouble } from "#lib/domain/breaker";
import type { Judgement } from "#lib/domain/delivery";
import type { GateSubject, SinkGate } from "./gate.ts";
import { PLACES_PER_SINK } from "./places.ts";
import { Rates } from "./rates.ts";

const READ_EVERY_MS = 1_000;
const ALIVE_MS = 30_000;

interface Kept {
  tenantId: string;
  trouble: Trouble;
  /** Writes under way: until then the row is older than this. */
  writing: number;
}

interface TroubleRow {
  tenant_id: string;
  sink_id: string;
  kind: "failing" | "asked";
  failures: number;
  since: Date;
  next_try_at: Date;
  pause_s: number;
}

export class Breakers implements SinkGate {
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, number>();
  readonly #rates = new Rates();
  readonly #db: Db;
  readonly #sweeper: Sweeper;
  readonly #log: Log;
  #readAt = Number.NEGATIVE_INFINITY;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(db: Db, sweeper: Sweeper, log: Log) {
    this.#db = db;
    this.#sweeper = sweeper;
    this.#log = log;
  }

  async refresh(now: number): Promise<void> {
    if (now >= this.#readAt && now - this.#readAt < READ_EVERY_MS) return;
    this.#readAt = now;
    await this.#writes;
    // A sink that was saved or enabled since is worth a new try, whatever was noted before.
    const rows = await this.#sweeper.find<TroubleRow & { senders: number }>(
      `SELECT t.tenant_id, t.sink_id, t.kind, t.failures, t.since, t.next_try_at, t.pause_s, p.senders
       FROM (SELECT count(*)::int AS senders FROM process WHERE kind IN ('worker', 'guard') AND stopped_at IS NULL AND heartbeat_at > $1) p
       LEFT JOIN (sink_trouble t JOIN sink s ON s.tenant_id = t.tenant_id AND s.id = t.sink_id AND s.removed_at IS NULL
         AND s.updated_at <= t.noted_at) ON t.over_at IS NULL`,
      [new Date(now - ALIVE_MS)],
    );
    this.#rates.shareAmong(rows[0]?.senders ?? 1);
    const seen = new Set<string>();
    for (const row of rows) {
      if (row.sink_id === null) continue;
      seen.add(row.sink_id);
      if ((this.#kept.get(row.sink_id)?.writing ?? 0) === 0)
        this.#kept.set(row.sink_id, { tenantId: row.tenant_id, trouble: troubleOf(row), writing: 0 });
    }
    // Gone from the table, another process has seen it well or a person has mended it.
    for (const [id, { trouble, writing }] of this.#kept)
      if (trouble.since !== null && writing === 0 && !seen.has(id)) this.#kept.delete(id);
  }

  mayStart(sinkId: string, now: number): number {
    const trouble = this.#kept.get(sinkId)?.trouble;
    const door = doorOf(trouble, now);
    if (door === "open") return 0;
    const most = door === "closed" ? PLACES_PER_SINK : 1;
    return Math.min(most, (this.#underWay.get(sinkId) ?? 0) + this.#rates.room(sinkId, now));
  }

  shut(now: number): readonly string[] {
    const open = [...this.#kept].filter(([, { trouble }]) => doorOf(trouble, now) === "open").map(([id]) => id);
    return [...open, ...this.#rates.full(now).map((r) => r.sinkId)];
  }

  opensAt(now: number): number | null {
    const times = [
      ...[...this.#kept.values()].map(({ trouble }) => nextTryAt(trouble)).filter((at) => at > now),
      ...this.#rates.full(now).map((r) => r.opensAt),
    ];
    return times.length === 0 ? null : Math.min(...times);
  }

  started(claimed: GateSubject, now: number): void {
    const { id } = claimed.sink;
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1);
    this.#rates.note(claimed, 1, now);
  }

  done(claimed: GateSubject, said: Judgement | null, requests: number, now: number): void {
    const { tenantId, sink } = claimed;
    const left = (this.#underWay.get(sink.id) ?? 1) - 1;
    if (left > 0) this.#underWay.set(sink.id, left);
    else this.#underWay.delete(sink.id);
    this.#rates.note(claimed, requests - 1, now);
    if (said === null) return;
    const kept = this.#kept.get(sink.id);
    if (said.verdict !== "retry") {
      this.#kept.delete(sink.id);
      if (kept !== undefined && kept.trouble.since !== null) this.#write(tenantId, sink.id, null, false, now);
      return;
    }
    if (said.ours) return;
    const before = kept?.trouble;
    // Asked to wait, a vendor works as it should; whatever else it says, its pause holds.
    let trouble = said.afterS !== undefined && !said.maybe ? before : failed(before, now);
    if (said.afterS !== undefined) trouble = asked(trouble, said.afterS, now);
    if (trouble === undefined) return;
    this.#kept.set(sink.id, { tenantId, trouble, writing: kept?.writing ?? 0 });
    const changed = before === undefined || nextTryAt(before) !== nextTryAt(trouble) || before.since !== trouble.since;
    if (trouble.since !== null && changed)
      this.#write(tenantId, sink.id, trouble, (before?.since ?? null) === null, now);
  }

  /** When everything decided so far is written down: for tests and for draining. */
  async idle(): Promise<void> {
    await this.#writes;
  }

  /** In the order they were decided; nothing waits for it but the next look. */
  #write(tenantId: string, sinkId: string, trouble: Trouble | null, first: boolean, now: number): void {
    const kept = this.#kept.get(sinkId);
    if (kept) kept.writing++;
    this.#writes = this.#writes
      .then(() =>
        unlessErased(
          this.#db.withTenant({ tenantId, actorId: WORKER_ACTOR }, (tx) =>
            trouble === null
              ? over(tx, tenantId, sinkId, new Date(now))
              : note(tx, tenantId, sinkId, trouble, first, new Date(now)),
          ),
          undefined,
        ),
      )
      .catch((err) => this.#log.warn({ err, sink: sinkId }, "a sink's trouble could not be written down"))
      .finally(() => {
        if (kept) kept.writing--;
      });
  }
}

function troubleOf(row: TroubleRow): Trouble {
  const next = row.next_try_at.getTime();
  const failing = row.kind === "failing";
  return {
    failures: row.failures,
    since: row.since.getTime(),
    pauseMs: row.pause_s * 1_000,
    retryAt: failing ? next : 0,
    askedUntil: failing ? 0 : next,
  };
}

async function note(tx: Tx, tenantId: string, sinkId: string, t: Trouble, first: boolean, now: Date): Promise<void> {
  const kind = t.pauseMs > 0 ? "failing" : "asked";
  const next = new Date(nextTryAt(t));
  const since = new Date(t.since ?? now.getTime());
  await tx.$executeRaw`INSERT INTO sink_trouble (tenant_id, sink_id, kind, failures, since, next_try_at, pause_s, noted_at)
    VALUES (${tenantId}::uuid, ${sinkId}::uuid, ${kind}, ${t.failures}, ${since}, ${next}, ${Math.round(t.pauseMs / 1_000)}, ${now})
    ON CONFLICT (tenant_id, sink_id) DO UPDATE SET kind = excluded.kind, failures = excluded.failures, next_try_at = excluded.next_try_at,
      pause_s = excluded.pause_s, noted_at = excluded.noted_at, over_at = NULL,
      since = CASE WHEN sink_trouble.over_at IS NULL THEN least(sink_trouble.since, excluded.since) ELSE excluded.since END`;
  if (first) await sayWaiting(tx, sinkId, kind, t.failures, now);
  await liveHint(tx, { tenant: tenantId, what: "sink", id: sinkId });
}

/** One line on each incident whose notices wait for this sink; what comes later reads it from the sink's own row. */
async function sayWaiting(tx: Tx, sinkId: string, kind: string, failures: number, now: Date): Promise<void> {
  const why =
    kind === "failing"
      ? `has failed ${failures} times in a row, so it is tried once from time to time until it takes something`
      : "asked for a pause, and gets it";
  await tx.$executeRaw`INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
    SELECT DISTINCT d.tenant_id, d.incident_id, ${now}::timestamptz, 'deliver', 'waiting', s.name || ': ' || ${`it ${why}; what is to be told there waits.`}::text,
      jsonb_build_object('sinkId', s.id, 'failures', ${failures}::int)
    FROM delivery d JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    WHERE d.tenant_id = app.tenant() AND d.sink_id = ${sinkId}::uuid AND d.state IN ('pending', 'leased') AND d.incident_id IS NOT NULL`;
}

/** What waits out a long pause of its own goes now: the sink takes things again. */
async function over(tx: Tx, tenantId: string, sinkId: string, now: Date): Promise<void> {
  await tx.$executeRaw`UPDATE sink_trouble SET over_at = ${now} WHERE tenant_id = app.tenant() AND sink_id = ${sinkId}::uuid AND over_at IS NULL`;
  await tx.$executeRaw`UPDATE delivery SET due_at = ${now} WHERE tenant_id = app.tenant() AND sink_id = ${sinkId}::uuid AND state = 'pending' AND due_at > ${now}`;
  await hint(tx, "tocsin_outbox");
  await liveHint(tx, { tenant: tenantId, what: "sink", id: sinkId });
}
