// Tenants asked against each other, table by table from the database's own catalog; then each of the three walls alone,
// with the other two taken down.
import pg from "pg";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { type TestDatabase, testDatabase } from "../lib/testing/database.ts";
import { makeTenant } from "../lib/testing/make.ts";
import { insert, inserting, newWorld, plant, type Row, ROWS, type World } from "../lib/testing/world.ts";

const ROLES = ["tocsin_app", "tocsin_worker"] as const;
type Role = (typeof ROLES)[number];

let db: TestDatabase;
let worlds: [World, World, World];
const clients = {} as Record<Role, pg.Client>;

beforeAll(async () => {
  db = await testDatabase();
  worlds = [await world(db), await world(db), await world(db)];
  for (const role of ROLES) {
    clients[role] = new pg.Client({ connectionString: role === "tocsin_app" ? db.appUrl : db.workerUrl });
    await clients[role].connect();
  }
});
afterAll(async () => {
  for (const role of ROLES) await clients[role]?.end();
  await db.close();
});

/** A second server, silence, incident, sink and notice per tenant, that nothing hangs from yet. */
const PARENTS = new Map<string, Partial<World>>();

async function world(of: TestDatabase): Promise<World> {
  const made = await makeTenant(of);
  const planted = await plant(of.sql, newWorld(made.id, made.slug));
  const { server, silence, incident, sink, notice, source } = await plant(
    of.sql,
    newWorld(made.id, made.slug),
    ["server", "silence", "incident", "sink", "notice", "inbound_source"].map((name) => `public.${name}`),
  );
  PARENTS.set(made.id, { server, silence, incident, sink, notice, source });
  await of.sql(
    `INSERT INTO audit.checkpoint (no, at, tree_size, root, prev, hash, signature, key_id)
     VALUES (1, now(), 0, sha256('a'), sha256('b'), sha256('c'), sha256('d') || sha256('e'), '0123456789abcdef') ON CONFLICT DO NOTHING`,
  );
  await insert(of.sql, "audit.checkpoint_head", ROWS["audit.checkpoint_head"]?.(planted) ?? {});
  return planted;
}

/** Every table with a tenant in it, whatever migration it came with. */
async function tenantTables(): Promise<string[]> {
  const rows = await db.sql<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
     WHERE n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
  );
  return rows.map((r) => r.name);
}

interface Said {
  /** Rows read or changed; null when it was refused. */
  rows: number | null;
  /** SQLSTATE of a refusal. */
  code: string;
}

/** One statement in a transaction of its own that is always rolled back. @param tenant undefined: none is named at all */
async function tries(
  client: pg.Client,
  tenant: string | undefined,
  text: string,
  values: unknown[] = [],
): Promise<Said> {
  await client.query("BEGIN");
  try {
    if (tenant !== undefined) await client.query("SELECT set_config('app.tenant', $1, true)", [tenant]);
    const done = await client.query(text, values);
    return { rows: done.rowCount ?? 0, code: "" };
  } catch (error) {
    return { rows: null, code: (error as { code?: string }).code ?? String(error) };
  } finally {
    await client.query("ROLLBACK");
  }
}

const REFUSED = "42501";
/** Refused by privilege or by row security, or nothing met. Any other error would hide what was asked. */
const nothing = (said: Said): boolean => said.rows === 0 || said.code === REFUSED;

test("every table with a tenant in it has a row here to be asked with", async () => {
  expect(Object.keys(ROWS).sort()).toEqual(await tenantTables());
});

describe.each(ROLES)("as %s, named one tenant", (role) => {
  const wrong = async (
    ask: (table: string, own: World, foreign: World) => Promise<[what: string, said: Said, ok: boolean][]>,
  ): Promise<string[]> => {
    const found: string[] = [];
    let cells = 0;
    for (const table of Object.keys(ROWS))
      for (const own of worlds)
        for (const foreign of worlds.filter((w) => w !== own))
          for (const [what, said, ok] of await ask(table, own, foreign)) {
            cells++;
            if (!ok) found.push(`${table}: ${what}: ${JSON.stringify(said)}`);
          }
    expect(cells).toBeGreaterThanOrEqual(Object.keys(ROWS).length * 6);
    return [...new Set(found)];
  };
  const as = (tenant: string | undefined, text: string, values: unknown[] = []) =>
    tries(clients[role], tenant, text, values);

  test("no other tenant's row is read, by any way of reading", async () => {
    expect(
      await wrong(async (table, own, foreign) => {
        const read = await as(own.tenant, `SELECT 1 FROM ${table} WHERE tenant_id <> $1`, [own.tenant]);
        const named = await as(own.tenant, `SELECT tenant_id FROM ${table} WHERE tenant_id = $1`, [foreign.tenant]);
        const copy = await as(
          own.tenant,
          `COPY (SELECT tenant_id FROM ${table} WHERE tenant_id <> '${own.tenant}') TO STDOUT`,
        );
        const unnamed = await as(undefined, `SELECT tenant_id FROM ${table}`);
        const empty = await as("", `SELECT tenant_id FROM ${table}`);
        const random = await as(randomUUID(), `SELECT tenant_id FROM ${table}`);
        const word = await as("null", `SELECT tenant_id FROM ${table}`);
        return [
          ["all but one's own", read, nothing(read)],
          ["by the other's id", named, nothing(named)],
          ["copied out", copy, nothing(copy)],
          ["without a tenant", unnamed, nothing(unnamed)],
          ["with an empty tenant", empty, nothing(empty)],
          ["with a tenant that there is none of", random, nothing(random)],
          // No uuid: the question itself is refused. A table that may not be read at all is refused first.
          ["with the word null", word, word.code === "22P02" || word.code === REFUSED],
        ];
      }),
    ).toEqual([]);
  });

  test("no row is written into another tenant, moved there, or changed and deleted there", async () => {
    const columns = await db.sql<{ table: string; column: string }>(
      `SELECT table_schema || '.' || table_name AS table, min(column_name) AS column FROM information_schema.column_privileges
       WHERE grantee = $1 AND privilege_type = 'UPDATE' AND column_name NOT IN ('tenant_id') GROUP BY 1`,
      [role],
    );
    const changeable = new Map(columns.map((c) => [c.table, c.column]));
    expect(
      await wrong(async (table, own, foreign) => {
        const there = inserting(table, ROWS[table]?.(newWorld(foreign.tenant, foreign.slug)) ?? {});
        const inserted = await as(own.tenant, there.text, there.values);
        const unnamed = await as(undefined, there.text, there.values);
        const moved = await as(own.tenant, `UPDATE ${table} SET tenant_id = $1`, [foreign.tenant]);
        const column = changeable.get(table);
        const changed: Said =
          column === undefined
            ? { rows: null, code: REFUSED }
            : await as(own.tenant, `UPDATE ${table} SET "${column}" = "${column}" WHERE tenant_id = $1`, [
                foreign.tenant,
              ]);
        const deleted = await as(own.tenant, `DELETE FROM ${table} WHERE tenant_id = $1`, [foreign.tenant]);
        const truncated = await as(own.tenant, `TRUNCATE ${table}`);
        return [
          ["insert for the other", inserted, inserted.code === REFUSED],
          ["insert without a tenant", unnamed, unnamed.code === REFUSED],
          ["move to the other", moved, moved.code === REFUSED],
          ["change the other's", changed, nothing(changed)],
          ["delete the other's", deleted, nothing(deleted)],
          ["truncate", truncated, truncated.code === REFUSED],
        ];
      }),
    ).toEqual([]);
  });

  test("its own rows it does read and write, so that the refusals above say something", async () => {
    const own = worlds[0];
    const read: string[] = [];
    const written: string[] = [];
    for (const table of Object.keys(ROWS)) {
      const seen = await as(own.tenant, `SELECT tenant_id FROM ${table}`);
      if ((seen.rows ?? 0) > 0) read.push(table);
      const row = inserting(table, newRow(table, own));
      const put = await as(own.tenant, row.text, row.values);
      if (put.rows === 1) written.push(table);
    }
    expect(read).toEqual(
      expect.arrayContaining(["public.server", "public.sink", "public.incident", "public.delivery", "audit.chain"]),
    );
    expect(written).toEqual(
      expect.arrayContaining(
        role === "tocsin_app"
          ? ["public.server", "public.sink", "public.silence", "public.approval"]
          : ["public.notice", "public.delivery", "public.server_now"],
      ),
    );
  });
});

const nameOf = (table: string): string => table.replace(/^\w+\./, "");

/** A row that is not there yet, beside the tenant's other rows and under them where it hangs from one. */
function newRow(table: string, own: World): Row {
  const fresh = newWorld(own.tenant, own.slug);
  const name =
    {
      address_allowance: "allowance",
      impersonation_grant: "grant",
      audit_stream: "stream",
      erasure_request: "erasure",
      extra_check: "check",
      surface_change: "change",
      probe_kill: "request",
      schedule_override: "override",
      action_item: "item",
      maintenance_window: "window",
      heartbeat_target: "heartbeat",
      inbound_source: "source",
      inbound_call: "call",
      sink_inbound: "inbound",
      sink_proof: "proof",
    }[nameOf(table)] ?? nameOf(table);
  const id = name in own ? { [name]: randomUUID() } : {};
  return ROWS[table]?.({ ...own, ...PARENTS.get(own.tenant), ...id, number: fresh.number }) ?? {};
}

interface ForeignKey {
  table: string;
  into: string;
  columns: string[];
  theirs: string[];
}

/** Foreign keys from one tenant table to another. */
async function keysBetweenTenants(of: TestDatabase): Promise<ForeignKey[]> {
  return of.sql<ForeignKey & pg.QueryResultRow>(
    `SELECT n.nspname || '.' || c.relname AS table, pn.nspname || '.' || p.relname AS into,
       (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k(num, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num) AS columns,
       (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY k(num, n) JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = k.num) AS theirs
     FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
     WHERE f.contype = 'f' AND f.conparentid = 0 AND n.nspname IN ('public', 'audit')
       AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
       AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attname = 'tenant_id')
     ORDER BY 1, f.conname`,
  );
}

/** A new row of `own` that points, by this key, at what belongs to `foreign`. */
function pointing(key: ForeignKey, own: World, foreign: World): { text: string; values: unknown[] } {
  const row = newRow(key.table, own);
  const theirs = ROWS[key.into]?.(foreign) ?? {};
  key.columns.forEach((column, i) => {
    if (column !== "tenant_id") row[column] = theirs[key.theirs[i] ?? ""];
  });
  return inserting(key.table, row);
}

describe("what row security does not cover", () => {
  const superuser = async () => {
    const client = new pg.Client({ connectionString: db.ownerUrl });
    await client.connect();
    return client;
  };

  test("no foreign key reaches another tenant's row, not even for a superuser", async () => {
    const keys = await keysBetweenTenants(db);
    expect(keys.length).toBeGreaterThanOrEqual(12);
    const client = await superuser();
    const found: string[] = [];
    for (const key of keys)
      for (const own of worlds)
        for (const foreign of worlds.filter((w) => w !== own)) {
          const { text, values } = pointing(key, own, foreign);
          const said = await tries(client, own.tenant, text, values);
          if (said.code !== "23503")
            found.push(`${key.table} (${key.columns}) into ${key.into}: ${JSON.stringify(said)}`);
        }
    await client.end();
    expect([...new Set(found)]).toEqual([]);
  });

  test("no unique key tells one tenant what another has: the same keys are taken in both", async () => {
    const unique = await db.sql<{ table: string; columns: string[]; name: string }>(
      `SELECT n.nspname || '.' || c.relname AS table, i.relname AS name,
         (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (x.indkey)) AS columns
       FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE x.indisunique AND n.nspname IN ('public', 'audit') AND NOT c.relispartition
         -- Its key is the database's time and a random id.
         AND c.relname <> 'event'
         AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')`,
    );
    expect(unique.length).toBeGreaterThan(Object.keys(ROWS).length - 2);
    const [own, foreign] = worlds;
    const client = await superuser();
    const found: string[] = [];
    for (const { table, columns, name } of unique) {
      const [theirs] = await db.sql<Row & pg.QueryResultRow>(`SELECT * FROM ${table} WHERE tenant_id = $1 LIMIT 1`, [
        foreign.tenant,
      ]);
      const row = ROWS[table]?.(own) ?? {};
      const key = columns.filter((c) => c !== "tenant_id");
      for (const column of key) if (theirs?.[column] != null) row[column] = theirs[column];
      const { text, values } = inserting(table, row);
      await client.query("BEGIN");
      // One's own row of that kind makes room: only the other tenant's could be in the way now.
      await client.query("SET session_replication_role = replica");
      await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
      await client.query(`DELETE FROM ${table} WHERE tenant_id = $1`, [own.tenant]);
      const said = await client.query(text, values).then(
        () => "",
        (error: { code?: string }) => error.code ?? "",
      );
      await client.query("ROLLBACK");
      if (said !== "") found.push(`${table} ${name}: ${said}`);
    }
    await client.end();
    expect(found).toEqual([]);
  });

  test("deleting a tenant's server takes nothing of another tenant with it", async () => {
    const [own, , third] = worlds;
    const client = await superuser();
    await client.query("BEGIN");
    const count = async (tenant: string) =>
      (
        await client.query(
          "SELECT (SELECT count(*) FROM incident WHERE tenant_id = $1) + (SELECT count(*) FROM silence WHERE tenant_id = $1) AS n",
          [tenant],
        )
      ).rows[0].n;
    const before = await count(third.tenant);
    await client.query("DELETE FROM server WHERE tenant_id = $1", [own.tenant]);
    expect(await count(third.tenant)).toBe(before);
    expect(await count(own.tenant)).toBe("0");
    await client.query("ROLLBACK");
    await client.end();
  });
});

/** A database of its own with two tenants in it, and walls taken down. */
async function without(
  ...walls: ("row security" | "keys")[]
): Promise<{ db: TestDatabase; own: World; foreign: World }> {
  const broken = await testDatabase();
  if (walls.includes("row security"))
    for (const table of Object.keys(ROWS))
      await broken.sql(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`);
  if (walls.includes("keys"))
    await broken.sql(`DO $$ DECLARE f record; BEGIN
      FOR f IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', f.t, f.conname); END LOOP; END $$`);
  return { db: broken, own: await world(broken), foreign: await world(broken) };
}

// Each is what an injection or a forgotten WHERE would do: SQL of the console's own role that names a row by its id only.
const STRAY: [what: string, sql: string, ids: (own: World, foreign: World) => unknown[]][] = [
  [
    "rename the other's server",
    "UPDATE server SET name = 'taken over' WHERE id = $1",
    (_, foreign) => [foreign.server],
  ],
  [
    "end the other's silence",
    "UPDATE silence SET ends_at = starts_at WHERE id = $1",
    (_, foreign) => [foreign.silence],
  ],
  [
    "acknowledge the other's incident",
    "UPDATE incident SET state = 'acknowledged' WHERE id = $1",
    (_, foreign) => [foreign.incident],
  ],
  [
    "delete the other's credential",
    "DELETE FROM server_credential WHERE server_id = $1",
    (_, foreign) => [foreign.server],
  ],
  [
    "plant a sink with the other",
    "INSERT INTO sink (tenant_id, id, kind, name, config, created_at, updated_at) VALUES ($1, gen_random_uuid(), 'webhook', 'x', '{}', now(), now())",
    (_, foreign) => [foreign.tenant],
  ],
];

describe("each wall alone", () => {
  test("row security alone stops a cross-tenant write: no key in the way, and SQL that names no tenant", async () => {
    const { db: broken, own, foreign } = await without("keys");
    const client = new pg.Client({ connectionString: broken.appUrl });
    await client.connect();
    for (const [what, sql, ids] of STRAY) {
      const said = await tries(client, own.tenant, sql, ids(own, foreign));
      expect(nothing(said), `${what}: ${JSON.stringify(said)}`).toBe(true);
    }
    await client.end();
    await broken.close();
  });

  test("the keys alone stop a row from pointing into another tenant: no row security, and SQL that checks nothing", async () => {
    const { db: broken, own, foreign } = await without("row security");
    const client = new pg.Client({ connectionString: broken.appUrl });
    await client.connect();
    const keys = (await keysBetweenTenants(broken)).filter((k) => k.into !== "public.tenant");
    const stopped: string[] = [];
    for (const key of keys) {
      const { text, values } = pointing(key, own, foreign);
      const said = await tries(client, own.tenant, text, values);
      expect(said.rows, `${key.table} into ${key.into}`).toBeNull();
      if (said.code === "23503") stopped.push(key.table);
    }
    // The others may not be written by the console at all.
    expect(stopped).toEqual(
      expect.arrayContaining(["public.silence", "public.notice", "public.delivery", "public.server_credential"]),
    );
    await client.end();
    await broken.close();
  });

  test("with every wall down each of these writes does get through: the tests above would notice", async () => {
    const { db: broken, own, foreign } = await without("row security", "keys");
    const client = new pg.Client({ connectionString: broken.appUrl });
    await client.connect();
    for (const [what, sql, ids] of STRAY)
      expect((await tries(client, own.tenant, sql, ids(own, foreign))).rows, what).toBe(1);
    const silence = (await keysBetweenTenants(db)).find(
      (k) => k.table === "public.silence" && k.into === "public.server",
    );
    const { text, values } = pointing(silence as ForeignKey, own, foreign);
    expect((await tries(client, own.tenant, text, values)).rows).toBe(1);
    await client.end();
    await broken.close();
  });
});

test("a transaction that names no tenant, an empty one or the word null writes nothing and reads nothing", async () => {
  for (const tenantId of ["", "null"]) {
    const context = { tenantId, actorId: worlds[0].actor };
    await expect(
      db.appDb.withTenant(context, (tx) => audit(tx, context, { action: "incident.note", target: "x", body: {} })),
    ).rejects.toThrow();
  }
  expect(await db.appDb.withTenant({ tenantId: "", actorId: worlds[0].actor }, (tx) => tx.server.count())).toBe(0);
  expect(await db.appDb.global((tx) => tx.server.count())).toBe(0);
});
