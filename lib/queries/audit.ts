// The tenant's audit rows, newest first: who, what, when. The body is read as hashed, so it holds no personal data.
import { Prisma, type Tx } from "#lib/adapters/db";
import { peopleNames } from "./incidents.ts";

export interface AuditRow {
  id: string;
  at: number;
  /** Place in the log with the database's own precision; goes into the URL of the next page. */
  cursor: string;
  who: string;
  actor: string;
  action: string;
  target: string;
  body: string;
  /** Place in the chain. */
  seq: number;
}

export interface AuditFilter {
  /** "incident.acknowledge", or a noun ("incident"); empty: all */
  action: string;
  actor: string;
  /** Found in target or body, as written. */
  text: string;
  /** Epoch ms, from inclusive, to exclusive. */
  from: number | null;
  to: number | null;
  /** Rows older than this one. */
  before: string | null;
}

/** The product's own actors (worker, first set-up) share this beginning; people have random ids. */
const NOBODY = "00000000-0000-4000-8000-";
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_([0-9a-f-]{36})$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @returns up to `take` rows, and whether there are older ones */
export async function auditRows(tx: Tx, filter: AuditFilter, take = 100): Promise<{ rows: AuditRow[]; more: boolean }> {
  const cursor = filter.before === null ? null : CURSOR.exec(filter.before);
  const where = [
    filter.action === ""
      ? null
      : Prisma.sql`(e.action = ${filter.action} OR starts_with(e.action, ${`${filter.action}.`}))`,
    UUID.test(filter.actor) ? Prisma.sql`e.actor = ${filter.actor}::uuid` : null,
    filter.text === ""
      ? null
      : Prisma.sql`(strpos(lower(e.target), lower(${filter.text})) > 0 OR strpos(lower(e.body), lower(${filter.text})) > 0)`,
    filter.from === null ? null : Prisma.sql`e.at >= ${new Date(filter.from)}`,
    filter.to === null ? null : Prisma.sql`e.at < ${new Date(filter.to)}`,
    cursor ? Prisma.sql`(e.at, e.id) < (${cursor[1] ?? ""}::timestamptz, ${cursor[2] ?? ""}::uuid)` : null,
  ].filter((part) => part !== null);
  const rows = await tx.$queryRaw<
    (Omit<AuditRow, "at" | "seq" | "who" | "cursor"> & { exact: string; seq: bigint | null })[]
  >`
    SELECT e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS exact, e.actor::text, e.action, e.target, e.body, c.seq
    FROM audit.event e LEFT JOIN audit.chain c ON c.tenant_id = e.tenant_id AND c.event_id = e.id
    ${where.length > 0 ? Prisma.sql`WHERE ${Prisma.join(where, " AND ")}` : Prisma.empty}
    ORDER BY e.at DESC, e.id DESC LIMIT ${take + 1}`;
  const shown = rows.slice(0, take);
  const names = await peopleNames(
    tx,
    shown.map((r) => r.actor),
  );
  return {
    more: rows.length > take,
    rows: shown.map(({ exact, seq, ...r }) => ({
      ...r,
      at: Date.parse(exact),
      cursor: `${exact}_${r.id}`,
      seq: Number(seq ?? 0),
      who: nameOf(r.actor, names),
    })),
  };
}

const nameOf = (actor: string, names: ReadonlyMap<string, string>): string =>
  actor.startsWith(NOBODY) ? "Tocsin itself" : (names.get(actor) ?? actor);

/** What the filters offer: actions and people of this tenant's log. Bounded, the most frequent first. */
export async function auditChoices(tx: Tx): Promise<{ actions: string[]; actors: { id: string; name: string }[] }> {
  const actions = await tx.$queryRaw<
    { action: string }[]
  >`SELECT action FROM audit.event GROUP BY action ORDER BY count(*) DESC LIMIT 100`;
  const actors = await tx.$queryRaw<
    { actor: string }[]
  >`SELECT actor::text FROM audit.event GROUP BY actor ORDER BY count(*) DESC LIMIT 100`;
  const names = await peopleNames(
    tx,
    actors.map((a) => a.actor),
  );
  return {
    actions: actions.map((a) => a.action).sort(),
    actors: actors.map((a) => ({ id: a.actor, name: nameOf(a.actor, names) })),
  };
}

/** How far this tenant's chain goes, and how far a signed checkpoint has seen it. */
export async function sealState(
  tx: Tx,
): Promise<{ seq: number; checkpointed: number; lastCheckpointAt: number | null }> {
  const [row] = await tx.$queryRaw<{ seq: bigint | null; kept: bigint | null; at: Date | null }[]>`
    SELECT (SELECT seq FROM audit.head) AS seq, (SELECT seq FROM audit.checkpoint_head ORDER BY no DESC LIMIT 1) AS kept,
      (SELECT at FROM audit.checkpoint ORDER BY no DESC LIMIT 1) AS at`;
  return {
    seq: Number(row?.seq ?? 0),
    checkpointed: Number(row?.kept ?? 0),
    lastCheckpointAt: row?.at?.getTime() ?? null,
  };
}
