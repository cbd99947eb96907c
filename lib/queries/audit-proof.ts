// The log as streams for its verification and its export: batches by key, never a whole log in memory. The same
// questions serve the console (one tenant, row security) and the command line (the owner, all tenants).
import type { Checkpoint } from "#lib/domain/audit/checkpoint";
import type { Drop } from "#lib/domain/audit/dropped";
import type { AuditEvent } from "#lib/domain/audit/hash";
import { type Head, inclusionPath } from "#lib/domain/audit/merkle";
import type { SealedRow } from "#lib/domain/audit/verify";
import { CHECKPOINT_COLUMNS, type CheckpointRow, checkpointOf, type HeadRow, headOf } from "./audit-checkpoints.ts";

/** Plain SQL with $1 parameters, all given as text: numbers and ids are cast where they stand. */
export type Ask = <Row extends object>(sql: string, params?: (string | null | string[])[]) => Promise<Row[]>;

const BATCH = 2_000;
const MONTH_MS = 31 * 86_400_000;

export async function auditedTenants(ask: Ask): Promise<{ id: string; slug: string }[]> {
  return ask("SELECT id::text, slug FROM tenant ORDER BY id");
}

/** The head, and the last link beyond which nothing may stand; both of one moment. */
export async function headNow(ask: Ask, tenantId: string): Promise<{ head: Head | null; last: number }> {
  const [row] = await ask<{ seq: string | null; hash: string | null; last: string | null }>(
    `SELECT h.seq::text, encode(h.hash, 'hex') AS hash, (SELECT max(c.seq)::text FROM audit.chain c WHERE c.tenant_id = $1::uuid) AS last
     FROM (SELECT 1) one LEFT JOIN audit.head h ON h.tenant_id = $1::uuid`,
    [tenantId],
  );
  const head = row?.seq && row.hash ? { tenantId, seq: Number(row.seq), hash: row.hash } : null;
  return { head, last: Number(row?.last ?? 0) };
}

/** 0 before the first. */
export async function lastCheckpointNo(ask: Ask): Promise<number> {
  const [row] = await ask<{ no: string }>("SELECT coalesce(max(no), 0)::text AS no FROM audit.checkpoint");
  return Number(row?.no ?? 0);
}

interface LinkRow {
  seq: string;
  event_id: string;
  event_at: string | null;
  link: string;
  prev: string;
  hash: string;
  at: string | null;
  tenant_id: string;
  actor: string;
  act_as: string | null;
  grant_id: string | null;
  action: string;
  target: string;
  body: string;
  pii_commit: string | null;
  pii_now: string | null;
}

const utc = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const EVENT_COLUMNS = `${utc("e.at")} AS at, e.tenant_id::text, e.actor::text, e.act_as::text,
  e.grant_id::text, e.action, e.target, e.body, encode(e.pii_commit, 'hex') AS pii_commit`;

/**
 * Links with their events in the order of seq, up to and with `last`. The next batch is read while the one before is
 * worked on, unless `ahead` is false.
 */
export async function* sealedRows(
  ask: Ask,
  tenantId: string,
  last: number,
  { from = 0, size = BATCH, ahead = true } = {},
): AsyncGenerator<SealedRow[]> {
  const batch = (after: number) => (after < last ? linkRows(ask, tenantId, after, last, size) : Promise.resolve([]));
  let next = batch(from);
  try {
    for (;;) {
      const rows = await next;
      const end = rows.at(-1);
      if (end === undefined) return;
      if (ahead) {
        next = batch(Number(end.seq));
        next.catch(() => {}); // Awaited in its turn; whoever stops before has no use for it.
      }
      yield rows.map(sealedRow);
      if (!ahead) next = batch(Number(end.seq));
    }
  } finally {
    // A transaction must not end under a question that is still on its way.
    await next.catch(() => {});
  }
}

function linkRows(ask: Ask, tenantId: string, after: number, last: number, size: number): Promise<LinkRow[]> {
  return ask<LinkRow>(
    `WITH c AS MATERIALIZED (SELECT * FROM audit.chain WHERE tenant_id = $1::uuid AND seq > $2::int8 AND seq <= $3::int8 ORDER BY seq LIMIT $4::int)
     SELECT c.seq::text, c.event_id::text, CASE WHEN e.id IS NULL THEN ${utc("c.event_at")} END AS event_at, encode(c.content_hash, 'hex') AS link,
       encode(c.prev, 'hex') AS prev, encode(c.hash, 'hex') AS hash, ${EVENT_COLUMNS}, encode(p.commitment, 'hex') AS pii_now
     FROM c
     LEFT JOIN audit.event e ON e.id = c.event_id AND e.at = c.event_at AND e.tenant_id = c.tenant_id
     LEFT JOIN audit.commitments($1::uuid, $2::int8, (SELECT max(seq) FROM c)) p ON p.event_id = c.event_id
     ORDER BY c.seq`,
    [tenantId, String(after), String(last), String(size)],
  );
}

type EventRow = Omit<LinkRow, "seq" | "event_at" | "link" | "prev" | "hash" | "pii_now" | "at"> & { at: string };
const eventOf = (r: EventRow): AuditEvent => ({
  ...{ id: r.event_id, tenantId: r.tenant_id, at: r.at, actor: r.actor, actAs: r.act_as, grantId: r.grant_id },
  ...{ action: r.action, target: r.target, body: r.body, piiCommit: r.pii_commit },
});

function sealedRow(r: LinkRow): SealedRow {
  const event = r.at === null ? null : eventOf({ ...r, at: r.at });
  return {
    seq: Number(r.seq),
    eventId: r.event_id,
    eventAt: r.event_at ?? event?.at,
    contentHash: r.link,
    prev: r.prev,
    hash: r.hash,
    event,
    pii: r.pii_now,
  };
}

/** Events that no link names, a month at a time. */
export async function* looseEvents(ask: Ask, tenantId: string): AsyncGenerator<AuditEvent[]> {
  const [span] = await ask<{ first: string | null; last: string | null }>(
    "SELECT (extract(epoch FROM min(at)) * 1000)::int8::text AS first, (extract(epoch FROM max(at)) * 1000)::int8::text AS last FROM audit.event WHERE tenant_id = $1::uuid",
    [tenantId],
  );
  if (!span?.first || !span.last) return;
  for (let from = Number(span.first) - 1; from <= Number(span.last); from += MONTH_MS) {
    const rows = await ask<EventRow>(
      `SELECT e.id::text AS event_id, ${EVENT_COLUMNS} FROM audit.event e WHERE e.tenant_id = $1::uuid AND e.at >= to_timestamp($2::float8 / 1000) AND e.at < to_timestamp($3::float8 / 1000)
         AND NOT EXISTS (SELECT 1 FROM audit.chain c WHERE c.tenant_id = e.tenant_id AND c.event_id = e.id) LIMIT 1000`,
      [tenantId, String(from), String(from + MONTH_MS)],
    );
    if (rows.length > 0) yield rows.map(eventOf);
  }
}

/** Months of this tenant that are gone after seven years. */
export async function droppedMonths(ask: Ask, tenantId: string): Promise<Drop[]> {
  const rows = await ask<{ month: string; first: string; last: string; events: string; links: string }>(
    `SELECT to_char(month, 'YYYY-MM') AS month, first_seq::text AS first, last_seq::text AS last, events::text, encode(links, 'hex') AS links
     FROM audit.dropped WHERE tenant_id = $1::uuid ORDER BY month`,
    [tenantId],
  );
  return rows.map((r) => ({ ...r, first: Number(r.first), last: Number(r.last), events: Number(r.events) }));
}

/** The chain's hash at each place, null where no link is. */
export async function hashesAt(ask: Ask, claims: readonly Head[]): Promise<(string | null)[]> {
  if (claims.length === 0) return [];
  const rows = await ask<{ n: string; hash: string | null }>(
    `SELECT u.n::text, encode(c.hash, 'hex') AS hash FROM unnest($1::uuid[], $2::int8[]) WITH ORDINALITY AS u(t, s, n)
     LEFT JOIN audit.chain c ON c.tenant_id = u.t AND c.seq = u.s ORDER BY u.n`,
    [claims.map((c) => c.tenantId), claims.map((c) => String(c.seq))],
  );
  return rows.map((r) => r.hash);
}

/** Which of these checkpoints the database holds with the very same hash. */
export async function sameCheckpoints(ask: Ask, saved: readonly Checkpoint[]): Promise<boolean[]> {
  const rows = await ask<{ same: boolean }>(
    `SELECT k.no IS NOT NULL AS same FROM unnest($1::int8[], $2::text[]) WITH ORDINALITY AS u(no, hash, n)
     LEFT JOIN audit.checkpoint k ON k.no = u.no AND encode(k.hash, 'hex') = u.hash ORDER BY u.n`,
    [saved.map((c) => String(c.no)), saved.map((c) => c.hash)],
  );
  return rows.map((r) => r.same);
}

async function* pages(ask: Ask, size: number, begin = 0): AsyncGenerator<Checkpoint[]> {
  for (let after = begin; ; ) {
    const rows: CheckpointRow[] = await ask<CheckpointRow>(
      `SELECT ${CHECKPOINT_COLUMNS} FROM audit.checkpoint k WHERE k.no > $1::int8 ORDER BY k.no LIMIT $2::int`,
      [String(after), String(size)],
    );
    const end = rows.at(-1);
    if (end === undefined) return;
    yield rows.map(checkpointOf);
    after = Number(end.no);
  }
}

/** Checkpoints with every head that moved: for the owner, who may see all. */
export async function* wholeCheckpoints(ask: Ask, size = BATCH): AsyncGenerator<Checkpoint[]> {
  for await (const page of pages(ask, size)) {
    const moved = await ask<HeadRow & { no: string }>(
      "SELECT no::text, tenant_id::text, seq::text, encode(hash, 'hex') AS hash FROM audit.checkpoint_head WHERE no BETWEEN $1::int8 AND $2::int8 ORDER BY no, tenant_id",
      [String(page[0]?.no), String(page.at(-1)?.no)],
    );
    const byNo = Map.groupBy(moved, (m) => Number(m.no));
    yield page.map((c) => ({ ...c, heads: (byNo.get(c.no) ?? []).map(headOf) }));
  }
}

/** Checkpoints with one tenant's head, where it moved, and its path to the root: nothing of other tenants. */
export async function* ownCheckpoints(
  ask: Ask,
  tenantId: string,
  { size = 500, after = 0 } = {},
): AsyncGenerator<Checkpoint[]> {
  for await (const page of pages(ask, size, after)) {
    const leaves = await ask<HeadRow & { no: string; own: boolean; leaf: string }>(
      `SELECT k.no::text, k.tenant_id::text, k.seq::text, encode(k.hash, 'hex') AS hash, l.own, encode(l.leaf, 'hex') AS leaf
       FROM audit.checkpoint_head k CROSS JOIN LATERAL audit.leaves(k.no, $3::uuid) WITH ORDINALITY AS l(own, leaf, n)
       WHERE k.tenant_id = $3::uuid AND k.no BETWEEN $1::int8 AND $2::int8 ORDER BY k.no, l.n`,
      [String(page[0]?.no), String(page.at(-1)?.no), tenantId],
    );
    const byNo = Map.groupBy(leaves, (l) => Number(l.no));
    yield page.map((c) => withOwn(c, byNo.get(c.no)));
  }
}

/** The first checkpoint that stands over a link of this tenant, with the tenant's head under it. */
export async function checkpointOver(ask: Ask, tenantId: string, seq: number): Promise<Checkpoint | null> {
  const [row] = await ask<{ no: string }>(
    "SELECT no::text FROM audit.checkpoint_head WHERE tenant_id = $1::uuid AND seq >= $2::int8 ORDER BY no LIMIT 1",
    [tenantId, String(seq)],
  );
  if (row === undefined) return null;
  for await (const [c] of ownCheckpoints(ask, tenantId, { size: 1, after: Number(row.no) - 1 })) return c ?? null;
  return null;
}

function withOwn(c: Checkpoint, tree: (HeadRow & { own: boolean; leaf: string })[] | undefined): Checkpoint {
  const mine = tree?.[0];
  if (tree === undefined || mine === undefined) return c;
  const index = tree.findIndex((l) => l.own);
  // Not under its own root: an impossible place, which the verification says.
  const path =
    index < 0
      ? []
      : inclusionPath(
          tree.map((l) => l.leaf),
          index,
        );
  return { ...c, own: { ...headOf(mine), index: Math.max(0, index), path } };
}
