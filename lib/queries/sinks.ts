// The tenant's sinks: what they are, whom they tell, whether they work. Secrets are never selected here.
import type { Tx } from "#lib/adapters/db";
import { sinkOf } from "#lib/sinks/index";
import type { SinkField } from "#lib/sinks/sink";

export interface SinkRow {
  id: string;
  kind: string;
  kindName: string;
  name: string;
  /** Whom it tells, in words. */
  tells: string;
  enabled: boolean;
  disabledReason: string | null;
  /** null: nobody has shown that it is this tenant's, so nothing is delivered there. */
  provenAt: number | null;
  /** Until when that holds; null where it is not proven. */
  proofDueAt: number | null;
  wakes: boolean;
  capabilities: { acknowledge: boolean; editInPlace: boolean; resolve: boolean; thread: boolean; dedup: string } | null;
  lastSentAt: number | null;
  dead: number;
  waiting: number;
  /** Told of a P1 that another sink has not taken for so many seconds; null: it is no fallback. */
  fallbackAfterS: number | null;
  trouble: SinkTrouble | null;
}

/** It is left alone until nextTryAt: because it fails, or because its vendor asked for that. Epoch ms. */
export interface SinkTrouble {
  kind: "failing" | "asked";
  failures: number;
  since: number;
  nextTryAt: number;
}

export interface SinkDetail extends SinkRow {
  fields: SinkField[];
  values: Record<string, string>;
  hasSecret: boolean;
}

const SELECT = {
  id: true,
  kind: true,
  name: true,
  config: true,
  state: true,
  disabledReason: true,
  provenAt: true,
  proofDueAt: true,
  fallbackAfterS: true,
} as const;
interface Row {
  id: string;
  kind: string;
  name: string;
  config: unknown;
  state: string;
  disabledReason: string | null;
  provenAt: Date | null;
  proofDueAt: Date | null;
  fallbackAfterS: number | null;
}

export async function sinks(tx: Tx): Promise<SinkRow[]> {
  const rows = await tx.sink.findMany({ where: { removedAt: null }, orderBy: { name: "asc" }, select: SELECT });
  const tallies = await tallyOf(tx);
  const troubles = await sinkTroubles(tx);
  return rows.map((row) => plain(row, tallies.get(row.id), troubles.get(row.id)));
}

export async function sink(tx: Tx, id: string): Promise<SinkDetail | null> {
  const row = await tx.sink.findFirst({ where: { id, removedAt: null }, select: SELECT });
  if (row === null) return null;
  const [sealed] = await tx.$queryRaw<
    { has: boolean }[]
  >`SELECT sealed IS NOT NULL AS has FROM sink WHERE id = ${id}::uuid`;
  const tallies = await tallyOf(tx, id);
  return {
    ...plain(row, tallies.get(id), (await sinkTroubles(tx)).get(id)),
    fields: sinkOf(row.kind)?.fields ?? [],
    values: stored(row.config),
    hasSecret: sealed?.has ?? false,
  };
}

interface Tally {
  sink_id: string;
  last_sent: Date | null;
  dead: number;
  waiting: number;
}

async function tallyOf(tx: Tx, sinkId: string | null = null): Promise<Map<string, Tally>> {
  const rows = await tx.$queryRaw<Tally[]>`
    SELECT sink_id, max(settled_at) FILTER (WHERE state = 'sent') AS last_sent, count(*) FILTER (WHERE state = 'dead')::int AS dead,
      count(*) FILTER (WHERE state IN ('pending', 'leased'))::int AS waiting
    FROM delivery WHERE ${sinkId}::uuid IS NULL OR sink_id = ${sinkId}::uuid GROUP BY sink_id`;
  return new Map(rows.map((r) => [r.sink_id, r]));
}

/** By sink. Whoever saved or enabled one since has it tried at once, whatever was noted before. */
export async function sinkTroubles(tx: Tx): Promise<Map<string, SinkTrouble>> {
  const rows = await tx.$queryRaw<
    { sink_id: string; kind: SinkTrouble["kind"]; failures: number; since: Date; next: Date }[]
  >`
    SELECT t.sink_id, t.kind, t.failures, t.since, t.next_try_at AS next FROM sink_trouble t
    JOIN sink s ON s.tenant_id = t.tenant_id AND s.id = t.sink_id AND s.updated_at <= t.noted_at AND s.state = 'enabled'
    WHERE t.tenant_id = app.tenant() AND t.over_at IS NULL`;
  return new Map(
    rows.map(({ sink_id, kind, failures, since, next }) => [
      sink_id,
      { kind, failures, since: since.getTime(), nextTryAt: next.getTime() },
    ]),
  );
}

function plain(row: Row, tally: Tally | undefined, trouble: SinkTrouble | undefined): SinkRow {
  const kind = sinkOf(row.kind);
  const words = describe(row);
  return {
    id: row.id,
    kind: row.kind,
    kindName: kind?.name ?? row.kind,
    name: row.name,
    tells: words.tells,
    enabled: row.state === "enabled",
    disabledReason: row.disabledReason,
    provenAt: row.provenAt?.getTime() ?? null,
    proofDueAt: row.proofDueAt?.getTime() ?? null,
    wakes: words.capabilities?.wakes ?? false,
    capabilities: words.capabilities,
    lastSentAt: tally?.last_sent?.getTime() ?? null,
    dead: tally?.dead ?? 0,
    waiting: tally?.waiting ?? 0,
    fallbackAfterS: row.fallbackAfterS,
    trouble: trouble ?? null,
  };
}

/** Sinks describe themselves from the open part of their form; one that cannot is shown by its name only. */
function describe(row: Row) {
  const kind = sinkOf(row.kind);
  if (!kind) return { tells: "", capabilities: null };
  try {
    return { tells: kind.describe(row.config as never), capabilities: kind.capabilities(row.config as never) };
  } catch {
    return { tells: "", capabilities: null };
  }
}

function stored(config: unknown): Record<string, string> {
  if (typeof config !== "object" || config === null) return {};
  return Object.fromEntries(Object.entries(config).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]));
}
