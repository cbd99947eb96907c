// Reads the migrated database's own catalog: a new table without its policy, key or privilege rules fails here.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../lib/testing/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

/** One finding per broken rule; empty is right. `only` narrows to one table for the test of the test. */
async function findings(): Promise<string[]> {
  const rows = await db.sql<{ finding: string }>(CATALOG_RULES);
  return rows.map((r) => r.finding);
}

const CATALOG_RULES = `
WITH tables AS (
  SELECT c.oid, n.nspname AS ns, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relkind, c.relispartition,
    pg_get_userbyid(c.relowner) AS owner, obj_description(c.oid, 'pg_class') AS comment,
    (SELECT attnotnull FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped) AS tenant_not_null
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p') AND c.relname <> '_prisma_migrations'),
tenant_tables AS (SELECT * FROM tables WHERE tenant_not_null IS NOT NULL),
served(role) AS (VALUES ('tocsin_app'), ('tocsin_worker'), ('tocsin_sweeper'))
SELECT ns || '.' || name || ': has no tenant_id and no comment that says why it is global' AS finding FROM tables
  WHERE tenant_not_null IS NULL AND coalesce(comment, '') NOT LIKE 'global:%'
UNION ALL SELECT ns || '.' || name || ': tenant_id may be null' FROM tenant_tables WHERE NOT tenant_not_null
UNION ALL SELECT ns || '.' || name || ': row security is not enabled and forced' FROM tenant_tables WHERE NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL SELECT ns || '.' || name || ': no policy with a check for the tenant' FROM tenant_tables t WHERE NOT relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'own_tenant' AND p.polwithcheck IS NOT NULL AND p.polqual IS NOT NULL)
UNION ALL SELECT ns || '.' || name || ': a partition with grants of its own' FROM tables t, served
  WHERE relispartition AND has_table_privilege(role, t.oid, 'SELECT, INSERT, UPDATE, DELETE')
UNION ALL SELECT ns || '.' || name || ': ' || p.polname || ' lets a serving role see every tenant for writing' FROM tenant_tables t
  JOIN pg_policy p ON p.polrelid = t.oid WHERE p.polcmd <> 'r' AND pg_get_expr(p.polqual, p.polrelid) = 'true'
  AND p.polroles && (SELECT array_agg(oid) FROM pg_roles WHERE rolname IN ('tocsin_app', 'tocsin_worker', 'tocsin_sweeper'))
UNION ALL SELECT ns || '.' || name || ': unique key ' || i.relname || ' does not begin with tenant_id' FROM tenant_tables t
  JOIN pg_index x ON x.indrelid = t.oid AND x.indisunique JOIN pg_class i ON i.oid = x.indexrelid
  WHERE NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnum = ANY (x.indkey))
    AND NOT (t.ns = 'audit' AND t.name LIKE 'event%')
UNION ALL SELECT ns || '.' || name || ': foreign key ' || f.conname || ' can point into another tenant' FROM tenant_tables t
  JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f' AND f.conparentid = 0
  WHERE f.confrelid IN (SELECT oid FROM tenant_tables)
    AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnum = ANY (f.conkey))
UNION ALL SELECT ns || '.' || name || ': ' || role || ' may truncate it' FROM tables t, served WHERE has_table_privilege(role, t.oid, 'TRUNCATE')
UNION ALL SELECT ns || '.' || name || ': is owned by ' || owner FROM tables WHERE owner IN (SELECT role FROM served)
UNION ALL SELECT 'audit.' || name || ': ' || role || ' may change or delete it' FROM tables t, served
  WHERE ns = 'audit' AND (has_any_column_privilege(role, t.oid, 'UPDATE') OR has_table_privilege(role, t.oid, 'DELETE'))
UNION ALL SELECT 'role ' || rolname || ' is more than it should be' FROM pg_roles WHERE rolname LIKE 'tocsin_%'
  AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR (rolname = 'tocsin_owner' AND rolcanlogin))
UNION ALL SELECT 'role ' || m.rolname || ' is a member of ' || g.rolname FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member
  JOIN pg_roles g ON g.oid = am.roleid WHERE m.rolname IN (SELECT role FROM served)
UNION ALL SELECT n.nspname || '.' || c.relname || ': a view without security_invoker' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('public', 'audit', 'app') AND c.relkind = 'v' AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)
UNION ALL SELECT n.nspname || '.' || c.relname || ': a materialized view that ' || role || ' may read' FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace, served WHERE c.relkind = 'm' AND has_table_privilege(role, c.oid, 'SELECT')
UNION ALL SELECT p.proname || ': runs as its owner without a pinned search_path' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname IN ('public', 'audit', 'app') AND p.prosecdef AND NOT coalesce(p.proconfig::text LIKE '%search_path=%', false)
UNION ALL SELECT 'sweeper may write ' || t.ns || '.' || t.name FROM tables t
  WHERE has_any_column_privilege('tocsin_sweeper', t.oid, 'INSERT, UPDATE') OR has_table_privilege('tocsin_sweeper', t.oid, 'DELETE')
ORDER BY 1`;

test("every table of the migrated database keeps the rules of tenancy, privilege and ownership", async () => {
  expect(await findings()).toEqual([]);
});

describe("the rules notice", () => {
  const breakages: [name: string, sql: string, finding: RegExp][] = [
    ["a table without a tenant", "CREATE TABLE loose (id uuid PRIMARY KEY)", /loose: has no tenant_id/],
    [
      "a tenant table without row security",
      "CREATE TABLE bare (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id))",
      /bare: row security is not enabled/,
    ],
    [
      "a tenant table without a policy",
      "CREATE TABLE bare (tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id)); ALTER TABLE bare ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
      /bare: no policy/,
    ],
    [
      "row security that is not forced",
      "ALTER TABLE server NO FORCE ROW LEVEL SECURITY",
      /server: row security is not enabled and forced/,
    ],
    ["a policy that was dropped", "DROP POLICY own_tenant ON sink", /sink: no policy/],
    ["a key that is unique over all tenants", "CREATE UNIQUE INDEX leaky ON server (url)", /unique key leaky/],
    [
      "a foreign key that can point into another tenant",
      "ALTER TABLE server ADD UNIQUE (id); ALTER TABLE silence ADD CONSTRAINT stray FOREIGN KEY (server_id) REFERENCES server (id)",
      /foreign key stray/,
    ],
    [
      "a view that sees past row security",
      "CREATE VIEW peek AS SELECT * FROM sink",
      /peek: a view without security_invoker/,
    ],
    [
      "a materialized view that is served",
      "CREATE MATERIALIZED VIEW heap AS SELECT * FROM sink; GRANT SELECT ON heap TO tocsin_app",
      /heap: a materialized view/,
    ],
    ["a truncate grant", "GRANT TRUNCATE ON delivery TO tocsin_worker", /tocsin_worker may truncate/],
    ["an update grant on the log", "GRANT UPDATE (body) ON audit.event TO tocsin_app", /may change or delete/],
    ["a sweeper that writes", "GRANT UPDATE (state) ON delivery TO tocsin_sweeper", /sweeper may write/],
    [
      "a column that forgets its tenant",
      "ALTER TABLE silence DROP CONSTRAINT silence_pkey CASCADE; ALTER TABLE silence ALTER tenant_id DROP NOT NULL",
      /silence: tenant_id may be null/,
    ],
  ];
  test.each(breakages)("%s", async (_name, sql, finding) => {
    const broken = await testDatabase();
    try {
      await broken.sql(sql);
      const rows = await broken.sql<{ finding: string }>(CATALOG_RULES);
      expect(rows.map((r) => r.finding).join("\n")).toMatch(finding);
    } finally {
      await broken.close();
    }
  });
});
