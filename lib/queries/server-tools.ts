// One server's tools: what is offered now, what was accepted, and every change between. Plain data; words of the server
// are made visible here, so that no page can forget it.
import type { Tx } from "#lib/adapters/db";
import { type ScopeLists, scopeOf, surfaceState } from "#lib/domain/drift";
import { flagLabel, flagSchema } from "#lib/domain/injection";
import { toolSurfaceSchema } from "#lib/domain/outcome";
import { describeDiff, toolDiffSchema, type ToolDiff } from "#lib/domain/tool-diff";
import { type KeptTool, storedTools } from "#lib/domain/tool-list";
import { visible, visibleLine } from "#lib/domain/visible";
import { peopleNames } from "./incidents.ts";

export const SHOWS = ["open", "breaking", "additions", "words", "flagged", "regions"] as const;
export type Show = (typeof SHOWS)[number];
export const CHANGES_PER_PAGE = 20;
/** Characters of one description or schema that are shown. */
const MAX_WORDS = 4_000;
const MAX_SCHEMA = 20_000;

export interface ToolsAsk {
  /** Found in the names and lines of a change. */
  q: string;
  show: Show | "";
  /** From 1. */
  page: number;
}

interface ChangeRow {
  id: string;
  era: string;
  credentialed: boolean;
  kind: string;
  at: Date;
  from_hash: string | null;
  to_hash: string;
  regions: string[];
  diff: unknown;
  flags: unknown;
  breaking: boolean;
  digest: string;
  state: string;
  decided_at: Date | null;
  decided_by: string | null;
}

/** @returns null when this tenant has no such server */
export async function serverTools(tx: Tx, serverId: string, ask: ToolsAsk) {
  const server = await tx.server.findFirst({
    where: { id: serverId, removedAt: null },
    select: { id: true, name: true },
  });
  if (server === null) return null;
  const now = await tx.serverNow.findFirst({ where: { serverId }, select: { surface: true, tools: true } });
  const { scopes } = surfaceState(now?.surface);
  const hashes = [...new Set(Object.values(scopes).flatMap((s) => [s.accepted, s.announced?.full ?? s.accepted]))];
  const lists = await tx.toolList.findMany({ where: { serverId, fullHash: { in: hashes } } });
  const total = await countsOf(tx, serverId, ask.q);
  const page = Math.min(
    Math.max(1, ask.page),
    Math.max(1, Math.ceil((ask.show === "" ? total.all : total[ask.show]) / CHANGES_PER_PAGE)),
  );
  const changes = await rowsOf(tx, serverId, { ...ask, page });
  const waiting = Object.values(scopes).flatMap((s) =>
    [s.announced?.change, s.diverged?.change].filter((id) => id !== undefined),
  );
  const open = waiting.length === 0 ? [] : await byId(tx, serverId, waiting);
  const regions = await tx.region.findMany({ select: { name: true, city: true } });
  const cities = new Map(regions.map((r) => [r.name, r.city]));
  const names = await peopleNames(
    tx,
    [...changes, ...open].map((c) => c.decided_by),
  );
  const shown = (row: ChangeRow) => changeOf(row, cities, names);
  return {
    id: server.id,
    name: server.name,
    scopes: Object.entries(scopes).map(([key, scope]) => ({
      ...scopeOf(key),
      ...listNow(scope, lists),
      accepted: scope.accepted,
      flapping: Object.keys(scope.regions)
        .filter((r) => scope.regions[r]?.flapping === true)
        .map((r) => cities.get(r) ?? r),
    })),
    /** The latest list was cut at a bound of ours: then it was compared with nothing. */
    cut: toolSurfaceSchema.safeParse(now?.tools).data?.truncated === true,
    waiting: open.map(shown),
    changes: changes.map(shown),
    total,
    page,
  };
}
export type ServerTools = NonNullable<Awaited<ReturnType<typeof serverTools>>>;
export type ToolChangeRow = ServerTools["changes"][number];
export type ShownTool = ServerTools["scopes"][number]["tools"][number];

interface ListRow {
  fullHash: string;
  tools: unknown;
  count: number;
  note: string;
  region: string;
  firstSeen: Date;
}

function listNow(scope: ScopeLists, lists: readonly ListRow[]) {
  const fullHash = scope.announced?.full ?? scope.accepted;
  const list = lists.find((l) => l.fullHash === fullHash);
  const note = list === undefined ? "The list itself was not kept, only its hash." : list.note;
  return {
    fullHash,
    note,
    count: list?.count ?? null,
    firstSeen: list?.firstSeen.getTime() ?? null,
    tools: storedTools(list?.tools).map(toolOf),
  };
}

function toolOf({ name, contract, tool }: KeptTool) {
  const text = (value: unknown) => (typeof value === "string" ? visible(value, MAX_WORDS) : "");
  const json = (value: unknown) => (value === undefined ? "" : visible(JSON.stringify(value, null, 2), MAX_SCHEMA));
  const hints = tool?.annotations as Record<string, unknown> | null | undefined;
  return {
    name: visibleLine(name, 200),
    contract,
    kept: tool !== null,
    title: typeof tool?.title === "string" ? visibleLine(tool.title, 200) : "",
    description: text(tool?.description),
    input: json(tool?.inputSchema),
    output: json(tool?.outputSchema),
    readOnly: hints?.readOnlyHint === true,
    destructive: hints?.readOnlyHint !== true && hints?.destructiveHint === true,
  };
}

function changeOf(row: ChangeRow, cities: Map<string, string>, names: Map<string, string>) {
  const diff = toolDiffSchema.safeParse(row.diff);
  const flags = flagSchema.array().safeParse(row.flags);
  const none: ToolDiff = {
    changes: [],
    counts: { added: 0, removed: 0, renamed: 0, signature: 0, words: 0 },
    breaking: 0,
    note: "This entry cannot be read.",
  };
  const what = diff.success ? diff.data : none;
  return {
    id: row.id,
    era: row.era === "modern" ? ("modern" as const) : ("legacy" as const),
    credentialed: row.credentialed,
    kind: row.kind,
    at: row.at.getTime(),
    fromHash: row.from_hash,
    toHash: row.to_hash,
    regions: row.regions.map((r) => cities.get(r) ?? r),
    diff: what,
    summary: describeDiff(what),
    flags: flags.success ? flags.data.map((f) => ({ ...f, label: flagLabel(f.rule) })) : [],
    breaking: row.breaking,
    digest: row.digest,
    state: row.state,
    decidedAt: row.decided_at?.getTime() ?? null,
    decidedBy: row.decided_by === null ? null : (names.get(row.decided_by) ?? "somebody"),
  };
}

/** Everything is a parameter; an empty one matches all. */
const MATCHES = `c.tenant_id = app.tenant() AND c.server_id = $1::uuid AND ($2 = '' OR strpos(lower(c.diff::text), lower($2)) > 0)`;
const SHOWN: Record<Show, string> = {
  open: "c.state = 'open'",
  breaking: "c.breaking",
  additions: "(c.diff->'counts'->>'added')::int > 0 AND c.kind = 'changed'",
  words: "(c.diff->'counts'->>'words')::int > 0 AND c.kind = 'changed'",
  flagged: "c.flags <> '[]'::jsonb",
  regions: "c.kind IN ('diverged', 'flapping')",
};

async function countsOf(tx: Tx, serverId: string, q: string): Promise<Record<Show | "all", number>> {
  const each = SHOWS.map((show) => `count(*) FILTER (WHERE ${SHOWN[show]})::int AS ${show}`).join(", ");
  const rows = await tx.$queryRawUnsafe<Record<Show | "all", number>[]>(
    `SELECT count(*)::int AS all, ${each} FROM surface_change c WHERE ${MATCHES}`,
    ...[serverId, q],
  );
  return rows[0] ?? { all: 0, open: 0, breaking: 0, additions: 0, words: 0, flagged: 0, regions: 0 };
}

function rowsOf(tx: Tx, serverId: string, { q, show, page }: ToolsAsk): Promise<ChangeRow[]> {
  return tx.$queryRawUnsafe<ChangeRow[]>(
    `SELECT c.* FROM surface_change c WHERE ${MATCHES} AND ${show === "" ? "true" : SHOWN[show]} ORDER BY c.at DESC, c.id LIMIT $3 OFFSET $4`,
    ...[serverId, q, CHANGES_PER_PAGE, (page - 1) * CHANGES_PER_PAGE],
  );
}

function byId(tx: Tx, serverId: string, ids: readonly string[]): Promise<ChangeRow[]> {
  return tx.$queryRaw<ChangeRow[]>`SELECT c.* FROM surface_change c
    WHERE c.tenant_id = app.tenant() AND c.server_id = ${serverId}::uuid AND c.id = ANY (${[...ids]}::uuid[]) AND c.state = 'open' ORDER BY c.at DESC`;
}
