// No row, no change: where the log cannot be written, at the insert or at the commit that seals it, the whole act is as
// if it never was. And no text can make an act unloggable, or write a second line into the log.
import { afterEach, beforeEach, expect, test } from "vitest";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { audit } from "#lib/adapters/audit";
import { publicKeyFile } from "#lib/adapters/checkpoint-key";
import { ndjson } from "#lib/adapters/checkpoint-file";
import { taggedExport } from "#lib/commands/audit/export";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeTenant } from "#lib/testing/make";
import { checkpoint } from "../../worker/audit/checkpoint.ts";
import { auditCommand } from "../../start/audit.ts";
import { type Actor, execute } from "./command.ts";
import { createSilence } from "./silence/create.ts";

let db: TestDatabase;
let actor: Actor;
let serverId: string;

beforeEach(async () => {
  db = await testDatabase();
  const { id } = await makeTenant(db);
  serverId = await makeServer(db, id);
  actor = { personId: id, name: "Omar", tenantId: id, layers: ["operator"], from: "192.0.2.1" };
});
afterEach(() => db.close());

const silence = () =>
  execute(db.appDb, createSilence, actor, { serverId, comment: "A planned release", minutes: "60" });
const left = async () => [
  await db.sql("SELECT 1 FROM silence"),
  await db.sql("SELECT 1 FROM audit.event WHERE tenant_id = $1", [actor.tenantId]),
  await db.sql("SELECT 1 FROM audit.pii"),
];

test.each([
  ["a role that may not insert", "REVOKE INSERT ON audit.event FROM tocsin_app"],
  [
    "a disk that is full",
    "CREATE FUNCTION audit.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.full()",
  ],
  [
    "a disk that is full for the personal data beside it",
    "CREATE FUNCTION audit.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON audit.pii FOR EACH ROW EXECUTE FUNCTION audit.full()",
  ],
  [
    "a seal that fails at commit",
    "CREATE FUNCTION audit.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON audit.chain FOR EACH ROW EXECUTE FUNCTION audit.full()",
  ],
])("%s: the act is refused with 503, and nothing of it is left", async (_what, sabotage) => {
  await db.sql(sabotage);
  await expect(silence()).rejects.toMatchObject({ code: "E_UNAVAILABLE", httpStatus: 503 });
  expect(await left()).toEqual([[], [], []]);
});

test("without the sabotage it stands, with its row", async () => {
  await silence();
  expect((await left()).map((rows) => rows.length)).toEqual([1, 1, 1]);
});

test("line ends, colours, U+2028, NUL and a name of a megabyte stay inside one line of an export that verifies", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-injection-"));
  const hostile = 'x"}\n{"kind":"event"}\r\n\u001b[2J\u2028\u2029\u0085\0\ud800‮';
  const context = { tenantId: actor.tenantId, actorId: actor.personId, trace: { why: hostile, from: hostile } };
  await db.appDb.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "server.change",
      target: `server:${hostile}${"z".repeat(500)}`,
      body: { hostile, [hostile]: [hostile] },
      personal: { subject: "person:1", body: { name: "n".repeat(1_000_000) } },
    }),
  );
  const [row] = await db.sql<{ target: string; body: string; pii: string }>(
    "SELECT e.target, e.body, p.body AS pii FROM audit.event e JOIN audit.pii p ON p.event_id = e.id",
  );
  expect(row?.target).toMatch(/^server:x"}\\u000a.*…#[0-9a-f]{16}$/);
  expect(JSON.parse(row?.body ?? "")).toMatchObject({ hostile: hostile.toWellFormed().replaceAll("\0", "\ufffd") });
  expect(JSON.parse(row?.pii ?? "").name).toMatch(/^n{2000}… \[1000000 characters, SHA-256 [0-9a-f]{64}\]$/);
  const places = { keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "saved") };
  await checkpoint(db.workerDb, places, pino({ level: "silent" }), new Date());
  const ask = (sql: string, params: unknown[] = []) => db.sql(sql, params) as never;
  const file = join(folder, "export.ndjson");
  const parts: string[] = [];
  const pem = readFileSync(publicKeyFile(places.keyFile), "utf8");
  for await (const part of taggedExport(ask, { id: actor.tenantId, slug: "x" }, pem, new Date())) parts.push(part);
  writeFileSync(file, parts.join(""));
  expect(parts.join("")).not.toMatch(/[\u2028\u2029\u001b]/);
  const kinds: unknown[] = [];
  for await (const batch of ndjson(file)) kinds.push(...batch.map((v) => (v as { kind?: unknown } | null)?.kind));
  expect(kinds).toEqual(["manifest", "link", "event", "checkpoint"]);
  const said: string[] = [];
  const code = await auditCommand(["verify", "--bundle", file, "--public-key", publicKeyFile(places.keyFile)], (line) =>
    said.push(line),
  );
  expect(code, said.join("\n")).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});
