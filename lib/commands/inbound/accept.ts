// Accepted is committed: alerts of a source become rows in one transaction, and the worker is woken. Sent again they
// change nothing but their end. Too much at once is asked to come again later, and is never refused for good.
import { createHash, randomUUID } from "node:crypto";
import { type Db, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { hint } from "#lib/adapters/hint";
import { TocsinError } from "#lib/domain/error";
import { type InboundAlert, MAX_WAITING, type Taken } from "#lib/domain/inbound";
import type { KnownSource } from "#lib/queries/inbound-source";

const WINDOW_MS = 60_000;
/** Refusals of one request that are listed one by one; the others are counted. */
const LISTED = 10;

export interface Accepting {
  source: KnownSource;
  road: "alertmanager" | "generic";
  taken: Taken;
  /** An alert that names no end is over when it was not sent again for the source's time; else when the source says so. */
  endsUnsent: boolean;
  /** What its sender calls the request, where that is signed: a second one with it changes nothing. */
  call: string | null;
  now: Date;
}

interface SourceRow {
  default_severity: string;
  per_minute: number;
  resolve_after_s: number;
  window_at: Date | null;
  window_count: number;
}

/** @throws TocsinError E_UNAVAILABLE with the seconds to wait, when it is more than is taken in a minute or looked at in time */
export function accept(db: Db, given: Accepting): Promise<void> {
  const { source, taken, now } = given;
  return db.withTenant({ tenantId: source.tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const [row] = await tx.$queryRaw<
      SourceRow[]
    >`SELECT default_severity, per_minute, resolve_after_s, window_at, window_count
      FROM inbound_source WHERE tenant_id = app.tenant() AND id = ${source.id}::uuid AND revoked_at IS NULL FOR NO KEY UPDATE`;
    if (row === undefined) throw new TocsinError("E_SIGNATURE", "This token is not known here, or was taken back.");
    if (given.call !== null && !(await isFirst(tx, given, given.call))) return;
    // A minute that has yet to begin was written while the clock was ahead.
    const age = row.window_at === null ? -1 : now.getTime() - row.window_at.getTime();
    const begun = age >= 0 && age < WINDOW_MS ? row.window_at : null;
    const already = begun === null ? 0 : row.window_count;
    const n = taken.alerts.length + taken.refused.length;
    if (begun !== null && already > 0 && already + n > row.per_minute)
      throw busy(Math.ceil((begun.getTime() + WINDOW_MS - now.getTime()) / 1000), "rate of the source");
    if (taken.alerts.length > 0) {
      if ((await waiting(tx, source.id)) > MAX_WAITING) throw busy(30, "too many alerts wait");
      await write(tx, given, row);
      await hint(tx, "tocsin_inbound");
    }
    for (const reason of taken.refused.slice(0, LISTED)) await refusal(tx, given, reason);
    await tx.$executeRaw`UPDATE inbound_source SET last_seen_at = ${now}, accepted = accepted + ${taken.alerts.length},
      refused = refused + ${taken.refused.length}, window_at = ${begun ?? now}, window_count = ${already + n}
      WHERE tenant_id = app.tenant() AND id = ${source.id}::uuid`;
  });
}

/** A request of a source that nothing could be taken of: counted and listed, so that it is seen. */
export function refused(
  db: Db,
  given: Omit<Accepting, "taken" | "endsUnsent" | "call">,
  reason: string,
): Promise<void> {
  return accept(db, { ...given, taken: { alerts: [], refused: [reason] }, endsUnsent: false, call: null });
}

/** An old "resolved" that is sent once more, by its sender or by whoever saw it pass, must not end what began since. */
async function isFirst(tx: Tx, { source, road, now }: Accepting, call: string): Promise<boolean> {
  const key = `${source.id}:${createHash("sha256").update(call).digest("hex")}`;
  const fresh = await tx.$executeRaw`INSERT INTO inbound_call (tenant_id, id, road, key, source_id, at, outcome)
    VALUES (app.tenant(), ${randomUUID()}::uuid, ${road}, ${key}, ${source.id}::uuid, ${now}, 'done')
    ON CONFLICT (tenant_id, road, key) WHERE key IS NOT NULL DO NOTHING`;
  return fresh === 1;
}

const busy = (retryAfterS: number, detail: string) =>
  new TocsinError("E_UNAVAILABLE", "More alerts came than are taken at once: send them again later.", {
    detail,
    retryAfterS: Math.max(1, retryAfterS),
  });

async function waiting(tx: Tx, sourceId: string): Promise<number> {
  const [row] = await tx.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM (SELECT 1 FROM inbound_alert
    WHERE tenant_id = app.tenant() AND source_id = ${sourceId}::uuid AND waiting_since IS NOT NULL LIMIT ${MAX_WAITING + 1}) w`;
  return row?.n ?? 0;
}

async function write(tx: Tx, { source, taken, endsUnsent, now }: Accepting, row: SourceRow): Promise<void> {
  const unsent = new Date(now.getTime() + row.resolve_after_s * 1000).toISOString();
  const record = (a: InboundAlert) => ({
    ...{ fingerprint: a.fingerprint, status: a.status, severity: a.severity ?? row.default_severity, title: a.title },
    ...{ body: a.body, labels: a.labels, link: a.link, starts_at: a.startsAt.toISOString() },
    ends_at: a.endsAt?.toISOString() ?? (endsUnsent ? unsent : null),
  });
  // In one order, so that two requests with the same alerts take turns. An old end never closes what began after it.
  const records = taken.alerts.map(record).sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  await tx.$executeRaw`
    INSERT INTO inbound_alert AS a (tenant_id, source_id, fingerprint, status, severity, title, body, labels, link, starts_at, ends_at, received_at,
      waiting_since, outcome)
    SELECT app.tenant(), ${source.id}::uuid, r.fingerprint, r.status, r.severity, r.title, r.body, r.labels, r.link, r.starts_at, r.ends_at, ${now},
      CASE WHEN r.status = 'firing' THEN ${now}::timestamptz END, CASE WHEN r.status = 'firing' THEN '' ELSE 'not_opened' END
    FROM jsonb_to_recordset(${JSON.stringify(records)}::jsonb) AS r (fingerprint text, status text, severity text, title text, body text, labels jsonb,
      link text, starts_at timestamptz, ends_at timestamptz)
    ON CONFLICT (tenant_id, source_id, fingerprint) DO UPDATE SET
      status = excluded.status, severity = excluded.severity, title = excluded.title, body = excluded.body, labels = excluded.labels,
      link = excluded.link, ends_at = excluded.ends_at, received_at = excluded.received_at,
      starts_at = CASE WHEN a.status = 'firing' THEN least(a.starts_at, excluded.starts_at) ELSE excluded.starts_at END,
      waiting_since = CASE WHEN a.status <> excluded.status OR (excluded.status = 'firing' AND excluded.severity < a.severity)
        THEN coalesce(a.waiting_since, ${now}) ELSE a.waiting_since END,
      tries = CASE WHEN a.status <> excluded.status THEN 0 ELSE a.tries END
    WHERE NOT (a.status = 'firing' AND excluded.status = 'resolved' AND excluded.starts_at < a.starts_at)`;
}

async function refusal(
  tx: Tx,
  { source, road, now }: Pick<Accepting, "source" | "road" | "now">,
  reason: string,
): Promise<void> {
  await tx.$executeRaw`INSERT INTO inbound_call (tenant_id, id, road, source_id, at, outcome, reason)
    VALUES (app.tenant(), ${randomUUID()}::uuid, ${road}, ${source.id}::uuid, ${now}, 'refused', ${reason.slice(0, 300)})`;
}
