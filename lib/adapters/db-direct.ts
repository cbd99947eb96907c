// The direct road to PostgreSQL, under db.ts only: raw statements go to the driver, prepared once for each connection,
// where Prisma's engine costs more than the statement itself. Models stay at hand: Prisma borrows the connection.
import { AsyncLocalStorage } from "node:async_hooks";
import pg from "pg";

type Row = Record<string, unknown>;
/** What Prisma.sql makes. */
interface Composed {
  strings: readonly string[];
  values: readonly unknown[];
  text: string;
}
type Statement = TemplateStringsArray | Composed;

export interface RawStatements {
  $queryRaw(statement: Statement, ...values: unknown[]): Promise<Row[]>;
  $executeRaw(statement: Statement, ...values: unknown[]): Promise<number>;
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<Row[]>;
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>;
}

const lent = new AsyncLocalStorage<pg.PoolClient>();

/** A pool that hands a transaction's own connection to whoever asks for one inside lend(). */
export class LendingPool extends pg.Pool {
  constructor(config: pg.PoolConfig) {
    super(config);
    this.on("error", () => {}); // A dropped idle connection is not news: the next one who asks opens another.
    const connect = this.connect.bind(this) as (...args: unknown[]) => Promise<pg.PoolClient>;
    this.connect = ((...args: unknown[]) => {
      const client = args.length === 0 ? lent.getStore() : undefined;
      return client === undefined ? connect(...args) : Promise.resolve(borrowed(client));
    }) as typeof this.connect;
  }
}

/** The connection without its ends: whoever lent it begins, commits and gives it back. */
function borrowed(client: pg.PoolClient): pg.PoolClient {
  const query = (first: unknown, ...rest: unknown[]): unknown => {
    const text = typeof first === "string" ? first : (first as { text: string }).text;
    if (/^(BEGIN|COMMIT|ROLLBACK)$/.test(text)) return Promise.resolve({ rows: [], fields: [], rowCount: 0 });
    return (client.query as (...args: unknown[]) => unknown).call(client, first, ...rest);
  };
  return new Proxy(client, {
    get: (target, key) => (key === "query" ? query : key === "release" ? () => {} : Reflect.get(target, key, target)),
  });
}

/** Runs `work` so that the pool it asks for a connection gives it this one. */
export const lend = <T>(client: pg.PoolClient, work: () => T): T => lent.run(client, work);

/** What a transaction has to notify of; it goes with its COMMIT, in one round trip. */
const parting = new WeakMap<object, Map<string, Set<string>>>();

/** @param tx as it was given to the transaction's work @returns false where it has to be sent as any other statement */
export function notifyAtCommit(tx: object, channel: string, payload: string): boolean {
  const channels = parting.get(tx);
  if (channels === undefined) return false;
  const payloads = channels.get(channel) ?? new Set();
  channels.set(channel, payloads.add(payload));
  return true;
}

/** From now on what `tx` notifies of waits for `client`'s COMMIT. */
export function partWith(tx: object, client: pg.PoolClient): void {
  const channels = new Map<string, Set<string>>();
  parting.set(tx, channels);
  parting.set(client, channels);
}

function ending(client: pg.PoolClient): string {
  const all = [...(parting.get(client) ?? [])].flatMap(([channel, payloads]) =>
    [...payloads].map((payload) => `pg_notify(${pg.escapeLiteral(channel)}, ${pg.escapeLiteral(payload)})`),
  );
  parting.delete(client);
  return all.length === 0 ? "COMMIT" : `SELECT ${all.join(", ")}; COMMIT`;
}

/** Whoever asks after the end would ask in the next one's transaction, which may be another tenant's. */
function whileOpen(client: pg.PoolClient): { client: pg.PoolClient; close(): void } {
  let open = true;
  const query = (...args: unknown[]): unknown =>
    open
      ? (client.query as (...args: unknown[]) => unknown).apply(client, args)
      : Promise.reject(new Error("the transaction is over"));
  return {
    client: new Proxy(client, {
      get: (target, key) => (key === "query" ? query : Reflect.get(target, key, target)),
    }),
    close() {
      open = false;
    },
  };
}

/**
 * One transaction: `opening` begins it and is one round trip, whatever it is made of.
 * @param opening SQL without parameters that starts with BEGIN
 */
export async function transaction<T>(
  pool: pg.Pool,
  opening: string,
  fn: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const own = whileOpen(client);
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on("error", onError);
  try {
    await client.query(opening);
    const result = await fn(own.client);
    own.close();
    // Several statements have several results.
    const end = [(await client.query(ending(own.client))) as pg.QueryResult | pg.QueryResult[]].flat().at(-1);
    if (end?.command !== "COMMIT") throw new Error("a statement had failed, so the transaction could not be committed");
    return result;
  } catch (error) {
    own.close();
    parting.delete(own.client);
    await client.query("ROLLBACK").catch(onError);
    throw error;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

/** Where statements go: a pool or one connection of it. */
type Target = Pick<pg.PoolClient, "query">;

export function rawOn(target: Target): RawStatements {
  return {
    $queryRaw: async (statement, ...values) => (await run(target, ...prepared(statement, values))).rows,
    $executeRaw: async (statement, ...values) => (await run(target, ...prepared(statement, values))).rowCount ?? 0,
    $queryRawUnsafe: async (text, ...values) => (await run(target, text, values)).rows,
    $executeRawUnsafe: async (text, ...values) => (await run(target, text, values)).rowCount ?? 0,
  };
}

/** Plain SQL with $1 parameters; a transaction of its own where the target is a pool. */
export function run(target: Target, text: string, values: readonly unknown[]): Promise<pg.QueryResult<Row>> {
  return target.query<Row>({ text, values: values.map(parameter), types: PARSERS, ...named(text) });
}

const texts = new WeakMap<TemplateStringsArray, string>();

function prepared(statement: Statement, values: unknown[]): [text: string, values: readonly unknown[]] {
  if (!Array.isArray(statement)) return [(statement as Composed).text, (statement as Composed).values];
  const strings = statement as TemplateStringsArray;
  if (values.some(isComposed)) return flatten(strings, values);
  let text = texts.get(strings);
  if (text === undefined) {
    text = strings.reduce((sql, part, i) => `${sql}$${i}${part}`);
    texts.set(strings, text);
  }
  return [text, values];
}

const isComposed = (value: unknown): value is Composed =>
  typeof value === "object" && value !== null && "strings" in value && "values" in value && "text" in value;

/** Statements inside a statement, as Prisma.sql and Prisma.join make them. */
function flatten(strings: readonly string[], values: readonly unknown[]): [text: string, values: unknown[]] {
  const flat: unknown[] = [];
  const write = (parts: readonly string[], between: readonly unknown[]): string =>
    parts
      .map((part, i) => {
        if (i === 0) return part;
        const value = between[i - 1];
        return (isComposed(value) ? write(value.strings, value.values) : `$${flat.push(value)}`) + part;
      })
      .join("");
  return [write(strings, values), flat];
}

/** Statements are prepared once for each connection; text that varies without end is not. */
const names = new Map<string, string>();
const MOST_NAMES = 500;
export function named(text: string): { name?: string } {
  let name = names.get(text);
  if (name === undefined && names.size < MOST_NAMES) {
    name = `direct_${names.size}`;
    names.set(text, name);
  }
  return name === undefined ? {} : { name };
}

/** As Prisma sends it: times in UTC, bigint as digits. */
function parameter(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(parameter);
  return value;
}

// As Prisma reads it: 64 bits are a bigint, a day is its midnight in UTC.
const int8 = (text: string) => BigInt(text);
const ARRAY_OF_TEXT = pg.types.getTypeParser(1009 as never) as (text: string) => (string | null)[];
const OWN: Readonly<Record<number, (text: string) => unknown>> = {
  20: int8,
  26: int8,
  1016: (text) => ARRAY_OF_TEXT(text).map((item) => (item === null ? null : int8(item))),
  1082: (text) => new Date(`${text}T00:00:00Z`),
  1114: (text) => new Date(`${text.replace(" ", "T")}Z`),
};
const PARSERS = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    (format === "binary" ? undefined : OWN[oid]) ?? pg.types.getTypeParser(oid as never, format as never),
} as pg.CustomTypesConfig;
