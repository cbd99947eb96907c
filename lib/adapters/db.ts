// The only file that holds a Prisma client. All reading and writing of tenant data happens inside withTenant: one
// interactive transaction whose first statement names tenant and actor, so that row security applies to all of it.
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { Prisma, PrismaClient } from "#generated/prisma/client";
import { env } from "./env.ts";
import { TocsinError } from "../domain/error.ts";
import { lend, LendingPool, named, partWith, rawOn, run, transaction } from "./db-direct.ts";
import { isOutage, sqlStates } from "./outage.ts";
import { roleUrl } from "./roles.ts";

export { Prisma };
/** A transaction's client: models and $queryRaw/$executeRaw, nothing that could leave the transaction. */
export type Tx = Prisma.TransactionClient;

export interface TenantContext {
  tenantId: string;
  /** Person or service that acts; travels into row defaults and the audit log. */
  actorId: string;
  /** Further tenants this question may read, never write. */
  alsoRead?: readonly string[];
  /** Refuses every write in the database itself (25006). */
  readOnly?: boolean;
  /** What the log keeps of where an act came from and why; no part of it reaches row security. */
  trace?: Trace;
  /** For what deletes much at once: minutes and not seconds. */
  patient?: boolean;
  /** For what belongs to the log of a tenant that was erased: its proof is still kept and taken away. */
  evenErased?: boolean;
  /** For the hot road: raw statements go straight to the driver. Same rows, same refusals, a fraction of the CPU. */
  direct?: boolean;
}

/** Everything here is about the person who acts: it goes to the part of the log that can be erased. */
export interface Trace {
  /** Source address of the request. */
  from?: string;
  /** The reason that was given. */
  why?: string;
  /** Set while the actor looks into a tenant as one of its people. */
  actAs?: string;
  grantId?: string;
}

/** The installation's own tenant: made by the first migration. */
export const PLATFORM_TENANT = "00000000-0000-4000-8000-000000000001";
/** Who acts when no person does. */
export const WORKER_ACTOR = "00000000-0000-4000-8000-0000000000a1";

export interface Db {
  /** Runs fn in one READ COMMITTED transaction bound to one tenant. Rolls back when fn throws. */
  withTenant<T>(context: TenantContext, fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** The same without a tenant: global tables only; tenant tables read as empty and refuse writes. */
  global<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** One statement, one transaction, one round trip: for functions of the database that enter their tenants themselves. */
  call<Row extends object>(sql: string, params: readonly unknown[]): Promise<Row[]>;
  /** The same in several statements; a lock that is held for over a second ends it (isLocked). */
  across<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const STATEMENT_TIMEOUT_MS = 15_000;
const PATIENT_MS = 10 * 60_000;
/** One tenant's lock is not waited for in a transaction that is about others as well. */
const ACROSS_LOCK_MS = 1_000;
/** More than any pool has connections. */
const READ_TRIES = 20;

export function openDb(url: string, options: { poolSize?: number; applicationName?: string } = {}): Db {
  const pool = new LendingPool({
    connectionString: url,
    max: options.poolSize ?? 10,
    application_name: options.applicationName ?? "tocsin",
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: 10_000,
  });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const limits = { maxWait: 10_000, timeout: 30_000 };
  return {
    withTenant: (context, fn) =>
      (context.readOnly === true ? readAgain : once)(() =>
        context.direct === true
          ? direct(pool, prisma, context, fn)
          : prisma.$transaction(
              async (tx) => {
                await enter(tx, context);
                if (context.patient === true)
                  await tx.$queryRaw`SELECT set_config('statement_timeout', ${String(PATIENT_MS)}, true)`;
                return fn(tx);
              },
              context.patient === true ? { ...limits, timeout: PATIENT_MS } : limits,
            ),
      ),
    global: (fn) => prisma.$transaction(fn, limits),
    call: async <Row extends object>(sql: string, params: readonly unknown[]) =>
      (await run(pool, sql, params)).rows as Row[],
    across: (fn) =>
      transaction(pool, `BEGIN; SET LOCAL lock_timeout = ${ACROSS_LOCK_MS}`, (client) =>
        fn(rawOn(client) as unknown as Tx),
      ),
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/**
 * The first statement: names tenant and actor. Whoever writes also stands in the tenant's door until the end of the
 * transaction: an erasure waits for them, and nobody enters after it.
 */
async function enter(tx: Tx, context: TenantContext): Promise<void> {
  const { tenantId, actorId, alsoRead = [], readOnly = false, evenErased = false } = context;
  try {
    await tx.$queryRaw`SELECT set_config('app.tenant', ${tenantId}, true), set_config('app.actor', ${actorId}, true),
      set_config('app.tenants', ${`{${alsoRead.join(",")}}`}, true),
      set_config('transaction_read_only', ${readOnly ? "on" : "off"}, true),
      CASE WHEN ${!readOnly && !evenErased} THEN app.enter(nullif(${tenantId}, '')::uuid)::text END`;
  } catch (cause) {
    throw shutDoor(cause);
  }
}

function shutDoor(cause: unknown): unknown {
  const states = sqlStates(cause);
  const detail = states.includes("TG001") ? ERASED : states.includes("TG003") ? BEING_ERASED : null;
  if (detail === null) return cause;
  return new TocsinError("E_STATE", "This tenant has been erased, or is being erased: nothing can be done in it.", {
    detail,
    cause,
  });
}

/** enter() and BEGIN in one round trip; a model, where one is asked for, is Prisma's on the same connection. */
async function direct<T>(pool: LendingPool, prisma: PrismaClient, context: TenantContext, fn: (tx: Tx) => Promise<T>) {
  const { tenantId, actorId, alsoRead = [], readOnly = false, evenErased = false } = context;
  const lit = pg.escapeLiteral;
  const opening = `BEGIN; SELECT set_config('app.tenant', ${lit(tenantId)}, true), set_config('app.actor', ${lit(actorId)}, true),
    set_config('app.tenants', ${lit(`{${alsoRead.join(",")}}`)}, true), set_config('transaction_read_only', '${readOnly ? "on" : "off"}', true)${
      readOnly || evenErased ? "" : `, app.enter(nullif(${lit(tenantId)}, '')::uuid)::text`
    }`;
  return transaction(pool, opening, async (client) => {
    const over = Promise.withResolvers<void>();
    let models: Promise<Tx> | undefined;
    let ended: Promise<unknown> = Promise.resolve();
    const begin = () =>
      (models ??= new Promise<Tx>((resolve, reject) => {
        const all = lend(client, () =>
          prisma.$transaction((tx) => {
            resolve(tx);
            return over.promise;
          }, DIRECT_LIMITS),
        );
        ended = all.catch(reject);
      }));
    try {
      const tx = withModels(rawOn(client), begin);
      partWith(tx, client);
      const result = await fn(tx);
      over.resolve();
      await ended;
      return result;
    } catch (error) {
      over.resolve();
      await ended;
      throw error;
    }
  }).catch((cause) => {
    throw shutDoor(cause);
  });
}
const DIRECT_LIMITS = { maxWait: 10_000, timeout: PATIENT_MS };

function withModels(raw: object, begin: () => Promise<Tx>): Tx {
  const model = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, verb) =>
          async (...args: unknown[]) => {
            const tx = (await begin()) as unknown as Record<string, Record<PropertyKey, (...a: unknown[]) => unknown>>;
            return tx[name]?.[verb]?.(...args);
          },
      },
    );
  return new Proxy(raw, {
    get: (target, key) =>
      Reflect.get(target, key) ?? (typeof key === "string" && key !== "then" ? model(key) : undefined),
  }) as Tx;
}

const ERASED = "tenant erased";
const BEING_ERASED = "tenant being erased";
const refusedWith = (error: unknown, details: readonly string[]): boolean =>
  error instanceof TocsinError && error.code === "E_STATE" && details.includes(error.detail ?? "");

/** The tenant's door is shut by an erasure under way: it may yet fail, so what cannot come again has to wait for its end. */
export const isBeingErased = (error: unknown): boolean => refusedWith(error, [BEING_ERASED]);

/**
 * What was under way for a tenant that has been erased ends here without an error: there is nobody left to do it for.
 * For work that is looked for again by itself: should the erasure fail, the next look finds it.
 */
export async function unlessErased<T, Otherwise>(work: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await work;
  } catch (error) {
    if (refusedWith(error, [ERASED, BEING_ERASED])) return otherwise;
    throw error;
  }
}

/** The rest of `fn` in another tenant of the same transaction: for an act on a tenant that is decided in another one. */
export async function inTenant<T>(tx: Tx, home: TenantContext, there: TenantContext, fn: () => Promise<T>): Promise<T> {
  const go = ({ tenantId, actorId }: TenantContext) =>
    tx.$queryRaw`SELECT set_config('app.tenant', ${tenantId}, true), set_config('app.actor', ${actorId}, true)`;
  await go(there);
  const result = await fn();
  await go(home);
  return result;
}

const once = <T>(work: () => Promise<T>): Promise<T> => work();

/** A pool notices a restart of the database one dead connection at a time. What only reads may simply ask again. */
async function readAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (err) {
      if (tries > READ_TRIES || !isOutage(err)) throw err;
    }
  }
}

/** Finds what is due over all tenants: ids and times only, by column grants. Plain SQL with $1 parameters. */
export interface Sweeper {
  find<Row extends pg.QueryResultRow>(sql: string, params?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export function openSweeper(url: string): Sweeper {
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    application_name: "tocsin-sweeper",
    statement_timeout: STATEMENT_TIMEOUT_MS,
    connectionTimeoutMillis: 10_000,
  });
  pool.on("error", () => {}); // A dropped idle connection is not news: the next find opens another.
  return {
    find: (sql, params = []) =>
      readAgain(async () => (await pool.query({ text: sql, values: [...params], ...named(sql) })).rows),
    close: () => pool.end(),
  };
}

export function databaseUrls(): { app: string; worker: string; sweeper: string } {
  const e = env();
  return {
    app: e.DATABASE_URL_APP ?? roleUrl(e.DATABASE_URL, e.TOCSIN_SECRET, "tocsin_app"),
    worker: e.DATABASE_URL_WORKER ?? roleUrl(e.DATABASE_URL, e.TOCSIN_SECRET, "tocsin_worker"),
    sweeper: e.DATABASE_URL_SWEEPER ?? roleUrl(e.DATABASE_URL, e.TOCSIN_SECRET, "tocsin_sweeper"),
  };
}
