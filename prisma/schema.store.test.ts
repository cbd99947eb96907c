// The models say what the migrations made: same tables, columns, types and nullability. Prisma's own comparison
// needs an engine that is downloaded; this one needs the catalog only.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../lib/testing/database.ts";
import { migrate, migrations } from "./migrate.ts";
import { TEST_SECRET } from "../lib/testing/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const TYPES: Record<string, string> = {
  String: "text",
  Int: "int4",
  BigInt: "int8",
  Boolean: "bool",
  Json: "jsonb",
  Bytes: "bytea",
  DateTime: "timestamptz",
};
const folder = join(import.meta.dirname, "schema");

function modelColumns(): Map<string, string> {
  const columns = new Map<string, string>();
  for (const file of readdirSync(folder)) {
    for (const [, model, body] of readFileSync(join(folder, file), "utf8").matchAll(
      /^model (\w+) \{\n([\s\S]*?)^\}/gm,
    )) {
      const table = `${/@@schema\("(\w+)"\)/.exec(body ?? "")?.[1]}.${/@@map\("(\w+)"\)/.exec(body ?? "")?.[1] ?? model}`;
      for (const line of (body ?? "").split("\n")) {
        const field = /^ {2}(\w+)\s+(\w+)(\[\])?(\?)?(.*)$/.exec(line);
        const [, name, type, list, optional, rest] = field ?? [];
        const base = type ? TYPES[type] : undefined;
        if (!name || !base || rest === undefined) continue;
        const column = /@map\("(\w+)"\)/.exec(rest)?.[1] ?? name;
        const udt = rest.includes("@db.Uuid") ? "uuid" : base;
        columns.set(`${table}.${column}`, `${list ? "_" : ""}${udt}${optional ? " null" : ""}`);
      }
    }
  }
  return columns;
}

test("models and migrated tables have the same columns, types and nullability", async () => {
  const models = modelColumns();
  const tables = new Set([...models.keys()].map((k) => k.slice(0, k.lastIndexOf("."))));
  const rows = await db.sql<{ key: string; type: string }>(`
    SELECT table_schema || '.' || table_name || '.' || column_name AS key, udt_name || CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END AS type
    FROM information_schema.columns WHERE table_schema IN ('public', 'audit') AND table_name !~ '_[0-9]{4}_[0-9]{2}$'`);
  const database = new Map(
    rows.filter((r) => tables.has(r.key.slice(0, r.key.lastIndexOf(".")))).map((r) => [r.key, r.type]),
  );
  expect(models.size).toBeGreaterThan(100);
  expect(Object.fromEntries([...models].sort())).toEqual(Object.fromEntries([...database].sort()));
});

test("every table that holds tenant data has a model, but those of the log's own machinery", async () => {
  const models = new Set([...modelColumns().keys()].map((k) => k.slice(0, k.lastIndexOf("."))));
  const rows = await db.sql<{ t: string }>(`SELECT table_schema || '.' || table_name AS t FROM information_schema.tables
    WHERE table_schema IN ('public', 'audit') AND table_name !~ '_[0-9]{4}_[0-9]{2}$' AND table_name <> '_prisma_migrations'`);
  expect(
    rows
      .map((r) => r.t)
      .filter((t) => !models.has(t))
      .sort(),
  ).toEqual([
    "audit.chain",
    "audit.checkpoint",
    "audit.checkpoint_head",
    "audit.dropped",
    "audit.export_record",
    "audit.head",
    "audit.hold",
    "audit.pii",
  ]);
});

test("a second run applies nothing, and a migration that was edited after it was applied is refused by name", async () => {
  expect(await migrate(db.ownerUrl, TEST_SECRET)).toEqual([]);
  const first = migrations()[0]?.name ?? "";
  await db.sql("UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name = $1", [first]);
  await expect(migrate(db.ownerUrl, TEST_SECRET)).rejects.toThrow(first);
});
