// The audit rows of the tenants that the question names, newest first: who, as whom, what, when, from where and why.
// The body is read as hashed and holds no personal data; what does stands beside it until it is erased.
import { Prisma, type Tx } from "#lib/adapters/db";
import type { AuditFilter } from "#lib/domain/audit-filter";
import { bodyOf } from "#lib/domain/audit-row";
import { dayEnd, dayStart } from "#lib/domain/utc-day";
import { targetNames } from "./audit-targets.ts";
import { peopleNames } from "./incidents.ts";

export interface AuditRow {
  id: string;
  tenantId: string;
  at: number;
  /** Place in the log with the database's own precision; goes into the URL of the next page. */
  cursor: string;
  who: string;
  actor: string;
  /** In whose place, during a visit. */
  actAs: { id: string; name: string } | null;
  grantId: string | null;
  action: string;
  target: string;
  /** What people call it; null when it has no name or is not there any more. */
  targetName: string | null;
  body: string;
  /** Names of the sinks that the body speaks of by id. */
  names: ReadonlyMap<string, string>;
  personal: Personal;
  /** Place in the chain. */
  seq: number;
}

/** What can be erased: source address, reason, and what else names somebody. */
export interface Personal {
  state: "kept" | "erased" | "none";
  from: string;
  why: string;
  facts: Record<string, unknown>;
}

export interface AuditQuestion {
  filter: AuditFilter;
  /** Whose logs; row security lets through the transaction's own tenant and those it may also read. */
  tenants: readonly string[];
  /** Rows older than this one. */
  before?: string | null;
}

/** The product's own actors (worker, first set-up) share this beginning; people have random ids. */
const NOBODY = "00000000-0000-4000-8000-";
/** Whoever types at the machine itself; the account's name stands beside it. */
export const SHELL = `${NOBODY}0000000000a3`;
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const ANY_UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

interface Raw {
  id: string;
  tenantId: string;
  exact: string;
  actor: string;
  actAs: string | null;
  grantId: string | null;
  action: string;
  target: string;
  body: string;
  committed: boolean;
  pii: string | null;
  seq: bigint | null;
}

/** @returns up to `take` rows, and whether there are older ones */
export async function auditRows(
  tx: Tx,
  asked: AuditQuestion,
  take = 100,
): Promise<{ rows: AuditRow[]; more: boolean }> {
  const where = await conditions(tx, asked);
  const newest = (tenant: string) => Prisma.sql`(SELECT ${COLUMNS} FROM audit.event e
    WHERE ${Prisma.join([Prisma.sql`e.tenant_id = ${tenant}::uuid`, ...where], " AND ")} ORDER BY e.at DESC, e.id DESC LIMIT ${take + 1})`;
  if (asked.tenants.length === 0) return { more: false, rows: [] };
  // Each tenant's newest by its own index, then the newest of those: never a sort of whole logs. One part per tenant
  // and no join, so that the planner knows how many rows each of them has.
  const rows = await wholeRows(
    tx,
    Prisma.sql`SELECT * FROM (${Prisma.join(asked.tenants.map(newest), " UNION ALL ")}) n ORDER BY n.at DESC, n.id DESC LIMIT ${take + 1}`,
  );
  return { more: rows.length > take, rows: await readable(tx, rows.slice(0, take)) };
}

/** Rows by their ids. @param from a time (epoch ms) that all are in, up to `to`: the log is kept by time */
export async function auditRowsOf(
  tx: Tx,
  tenantId: string,
  from: number,
  to: number,
  ids: readonly string[],
): Promise<AuditRow[]> {
  const found = Prisma.sql`SELECT ${COLUMNS} FROM audit.event e WHERE e.tenant_id = ${tenantId}::uuid
    AND e.at >= ${new Date(from)} AND e.at < ${new Date(to)} AND e.id = ANY(${[...ids]}::uuid[])`;
  return readable(tx, await wholeRows(tx, found));
}

const COLUMNS = Prisma.sql`e.id, e.tenant_id, e.at, e.actor, e.act_as, e.grant_id, e.action, e.target, e.body, e.pii_commit`;

/** With what stands beside them: the place in the chain, and personal data that is still kept. */
const wholeRows = (tx: Tx, events: Prisma.Sql): Promise<Raw[]> =>
  tx.$queryRaw<Raw[]>`
    WITH e AS MATERIALIZED (${events})
    SELECT e.id::text, e.tenant_id::text AS "tenantId", to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS exact,
      e.actor::text, e.act_as::text AS "actAs", e.grant_id::text AS "grantId", e.action, e.target, e.body,
      e.pii_commit IS NOT NULL AS committed, p.body AS pii, c.seq
    FROM e LEFT JOIN audit.chain c ON c.tenant_id = e.tenant_id AND c.event_id = e.id
    LEFT JOIN audit.pii p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
    ORDER BY e.at DESC, e.id DESC`;

async function readable(tx: Tx, rows: readonly Raw[]): Promise<AuditRow[]> {
  const names = await peopleNames(
    tx,
    rows.flatMap((r) => [r.actor, r.actAs]),
  );
  const spoken = new Map(rows.map((r) => [r.id, r.action === "policy.save" ? (r.body.match(ANY_UUID) ?? []) : []]));
  const targets = await targetNames(tx, [
    ...rows.map((r) => r.target),
    ...[...spoken.values()].flat().map((id) => `sink:${id}`),
  ]);
  return rows.map(({ exact, seq, committed, pii, ...r }) => {
    const personal = personalOf(committed, pii);
    return {
      ...r,
      at: Date.parse(exact),
      cursor: `${exact}_${r.id}`,
      seq: Number(seq ?? 0),
      who: actorName(r.actor, names, personal),
      actAs: r.actAs === null ? null : { id: r.actAs, name: names.get(r.actAs) ?? r.actAs },
      targetName: targets.get(r.target) ?? null,
      names: new Map(spoken.get(r.id)?.flatMap((id) => [[id, targets.get(`sink:${id}`) ?? id] as const])),
      personal,
    };
  });
}

export function personalOf(committed: boolean, pii: string | null): Personal {
  if (pii === null) return { state: committed ? "erased" : "none", from: "", why: "", facts: {} };
  const { from, why, ...facts } = bodyOf(pii);
  return {
    state: "kept",
    from: typeof from === "string" ? from : "",
    why: typeof why === "string" ? why : "",
    facts,
  };
}

export function actorName(actor: string, names: ReadonlyMap<string, string>, personal?: Personal): string {
  if (actor === SHELL) {
    const account = personal?.facts.account;
    return typeof account === "string" ? `Command line (${account})` : "Command line";
  }
  return actor.startsWith(NOBODY) ? "Tocsin itself" : (names.get(actor) ?? actor);
}

export const isPerson = (actor: string): boolean => !actor.startsWith(NOBODY);

/** null for what is no place in a log: a time of no calendar would fail in the database. */
function cursorOf(text: string): { at: string; id: string } | null {
  const [, at, id] = CURSOR.exec(text) ?? [];
  if (at === undefined || id === undefined) return null;
  const whole = `${at.slice(0, 23)}Z`;
  const read = new Date(whole);
  return Number.isNaN(read.getTime()) || read.toISOString() !== whole || read.getTime() < 0 ? null : { at, id };
}

async function conditions(tx: Tx, { filter: f, tenants, before }: AuditQuestion): Promise<Prisma.Sql[]> {
  const cursor = cursorOf(before ?? "");
  const [from, to] = [dayStart(f.from), dayEnd(f.to)];
  const inPersonal = (which: Prisma.Sql) =>
    Prisma.sql`e.id IN (SELECT p.event_id FROM audit.pii p WHERE p.tenant_id = ANY(${[...tenants]}::uuid[]) AND ${which})`;
  const has = (only: AuditFilter["only"][number]) => f.only.includes(only);
  const known = f.action === "" && !has("refused") ? null : await actionsOf(tx, tenants);
  const wanted = f.action.split(",");
  const meant = known?.filter(
    (a) =>
      (f.action === "" || wanted.some((w) => a === w || a.startsWith(`${w}.`))) &&
      (!has("refused") || a.endsWith(".refused")),
  );
  const lower = f.text.toLowerCase();
  return [
    meant ? Prisma.sql`e.action = ANY(${meant})` : null,
    f.actor === "" ? null : Prisma.sql`e.actor = ${f.actor}::uuid`,
    has("shell") ? Prisma.sql`e.actor = ${SHELL}::uuid` : null,
    f.actAs === "" ? null : Prisma.sql`e.act_as = ${f.actAs}::uuid`,
    has("visits")
      ? Prisma.sql`(e.act_as IS NOT NULL OR e.grant_id IS NOT NULL OR starts_with(e.action, 'impersonation.'))`
      : null,
    f.target === "" ? null : Prisma.sql`starts_with(e.target, ${f.target})`,
    f.text === "" ? null : Prisma.sql`(strpos(lower(e.target), ${lower}) > 0 OR strpos(lower(e.body), ${lower}) > 0)`,
    f.address === "" ? null : inPersonal(Prisma.sql`p.from_address = ${f.address}`),
    has("reason") ? inPersonal(Prisma.sql`p.has_why`) : null,
    from === null ? null : Prisma.sql`e.at >= ${new Date(from)}`,
    to === null ? null : Prisma.sql`e.at < ${new Date(to)}`,
    cursor ? Prisma.sql`(e.at, e.id) < (${cursor.at}::timestamptz, ${cursor.id}::uuid)` : null,
  ].filter((part) => part !== null);
}

/** Each action that stands in these logs, by jumping from one to the next in the index: a log is never read for it. */
export async function actionsOf(tx: Tx, tenants: readonly string[]): Promise<string[]> {
  const rows = await tx.$queryRaw<{ action: string }[]>`
    WITH RECURSIVE a(tenant, action) AS (
      SELECT t.id, (SELECT e.action FROM audit.event e WHERE e.tenant_id = t.id ORDER BY e.action LIMIT 1)
      FROM unnest(${[...tenants]}::uuid[]) AS t(id)
      UNION ALL
      SELECT a.tenant, (SELECT e.action FROM audit.event e WHERE e.tenant_id = a.tenant AND e.action > a.action ORDER BY e.action LIMIT 1)
      FROM a WHERE a.action IS NOT NULL)
    SELECT DISTINCT action FROM a WHERE action IS NOT NULL ORDER BY action LIMIT 300`;
  return rows.map((r) => r.action);
}

const ACTORS_SHOWN = 200;

/** What the filters offer: actions and people of these logs. */
export async function auditChoices(
  tx: Tx,
  tenants: readonly string[],
): Promise<{ actions: string[]; actors: { id: string; name: string }[] }> {
  const actors = await tx.$queryRaw<{ actor: string }[]>`
    WITH RECURSIVE a(tenant, actor) AS (
      SELECT t.id, (SELECT e.actor FROM audit.event e WHERE e.tenant_id = t.id ORDER BY e.actor LIMIT 1)
      FROM unnest(${[...tenants]}::uuid[]) AS t(id)
      UNION ALL
      SELECT a.tenant, (SELECT e.actor FROM audit.event e WHERE e.tenant_id = a.tenant AND e.actor > a.actor ORDER BY e.actor LIMIT 1)
      FROM a WHERE a.actor IS NOT NULL)
    SELECT DISTINCT actor::text FROM a WHERE actor IS NOT NULL LIMIT ${ACTORS_SHOWN}`;
  const names = await peopleNames(
    tx,
    actors.map((a) => a.actor),
  );
  return {
    actions: await actionsOf(tx, tenants),
    actors: actors
      .map((a) => ({ id: a.actor, name: actorName(a.actor, names) }))
      .sort((a, b) => a.name.localeCompare(b.name, "en")),
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
