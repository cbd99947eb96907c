// The commands as an auditor runs them: on the database, with a saved file, and on an export in a folder of its own.
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { publicKeyFile } from "#lib/adapters/checkpoint-key";
import { now } from "#lib/adapters/clock";
import { taggedExport } from "#lib/commands/audit/export";
import type { Ask } from "#lib/queries/audit-proof";
import { TEST_SECRET, type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { checkpoint } from "../worker/audit/checkpoint.ts";
import { auditCommand } from "./audit.ts";

let db: TestDatabase;
let folder: string;
let publicKey: string;
const said: string[] = [];
const before = process.env.DATABASE_URL;

beforeAll(async () => {
  db = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), "tocsin-export-"));
  const places = { keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "saved") };
  publicKey = publicKeyFile(places.keyFile);
  process.env.DATABASE_URL = db.ownerUrl;
  for (const slug of ["acme", "globex"]) {
    const tenantId = (await makeTenant(db, { slug })).id;
    const context = { tenantId, actorId: tenantId };
    for (let n = 0; n < 4; n++) {
      await db.appDb.withTenant(context, (tx) =>
        audit(tx, context, {
          action: "server.register",
          target: `server:${n}`,
          body: { n },
          personal: { subject: tenantId, body: { name: "Ann" } },
        }),
      );
      await checkpoint(db.workerDb, places, pino({ level: "silent" }), now());
    }
  }
  expect(await run("export", "--tenant", "acme", "--out", join(folder, "acme"), "--public-key", publicKey)).toBe(0);
});
afterAll(async () => {
  if (before === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = before;
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): Promise<number> {
  said.length = 0;
  return auditCommand(args, (line) => void said.push(line));
}
const text = (name: string) => readFileSync(join(folder, "acme", name), "utf8");
/** The export with its tampered file's digest put right, as a forger would. */
function tampered(name: string, change: (lines: string[]) => string[]): string {
  const copy = mkdtempSync(join(folder, "forged-"));
  cpSync(join(folder, "acme"), copy, { recursive: true });
  writeFileSync(join(copy, name), `${change(text(name).trimEnd().split("\n")).join("\n")}\n`);
  const manifest = JSON.parse(text("manifest.json"));
  delete manifest.files[name];
  writeFileSync(join(copy, "manifest.json"), JSON.stringify(manifest));
  return copy;
}

test("the database verifies, also against the saved file", async () => {
  const month = now().toISOString().slice(0, 7);
  expect(
    await run("verify", "--public-key", publicKey, "--checkpoints", join(folder, "saved", `${month}.ndjson`)),
    said.join("\n"),
  ).toBe(0);
  expect(said.at(-1)).toMatch(/^8 events, checkpoints up to 8 .*saved file up to 8 .*nothing was changed$/);
});

test("the export verifies without a database, shows nothing of another tenant and no personal data", async () => {
  expect(await run("verify", "--bundle", join(folder, "acme"), "--public-key", publicKey), said.join("\n")).toBe(0);
  expect(said.at(-1)).toMatch(/^4 events, checkpoints up to 8 .*nothing was changed$/);
  const [globex] = await db.sql<{ id: string }>("SELECT id::text FROM tenant WHERE slug = 'globex'");
  for (const name of ["events.ndjson", "chain.ndjson", "checkpoints.ndjson"])
    expect(text(name)).not.toMatch(new RegExp(`Ann|${globex?.id}|${"PRIVATE"}`));
});

test.each<[string, string, (lines: string[]) => string[], RegExp]>([
  [
    "a changed body",
    "events.ndjson",
    (l) => l.map((x, i) => (i === 1 ? x.replace("server:1", "server:9") : x)),
    /event-altered .*link 2/,
  ],
  ["an event left out", "events.ndjson", (l) => l.toSpliced(1, 1), /event-missing .*link 2/],
  [
    "an event put in",
    "events.ndjson",
    (l) => [...l, (l[0] ?? "").replace(/"id":"[^"]+"/, '"id":"55555555-5555-4555-8555-555555555555"')],
    /event-loose/,
  ],
  ["a link left out", "chain.ndjson", (l) => l.toSpliced(1, 1), /chain-gap/],
  ["a checkpoint left out", "checkpoints.ndjson", (l) => l.toSpliced(2, 1), /checkpoint-link/],
  [
    "a checkpoint of another time",
    "checkpoints.ndjson",
    (l) => l.map((x, i) => (i === 2 ? x.replace(/"at":"20/, '"at":"19') : x)),
    /checkpoint-signature/,
  ],
  ["a line that is no JSON", "events.ndjson", (l) => [...l, "{"], /file-altered/],
])("an export with %s is refused", async (_what, name, change, finding) => {
  expect(await run("verify", "--bundle", tampered(name, change), "--public-key", publicKey)).toBe(1);
  expect(said.join("\n")).toMatch(finding);
});

test("the console's one file verifies as well, and a changed line in it is found", async () => {
  const [tenant] = await db.sql<{ id: string; slug: string }>(
    "SELECT id::text, slug FROM tenant WHERE slug = 'globex'",
  );
  const context = { tenantId: tenant?.id ?? "", actorId: tenant?.id ?? "", readOnly: true };
  const ask: Ask = (sql, params = []) => db.appDb.withTenant(context, (tx) => tx.$queryRawUnsafe(sql, ...params));
  const file = join(folder, "globex.ndjson");
  const parts: string[] = [];
  for await (const part of taggedExport(ask, tenant ?? { id: "", slug: "" }, readFileSync(publicKey, "utf8"), now()))
    parts.push(part);
  writeFileSync(file, parts.join(""));
  expect(await run("verify", "--bundle", file, "--public-key", publicKey), said.join("\n")).toBe(0);
  expect(said.at(-1)).toMatch(/^4 events, checkpoints up to 8 /);
  writeFileSync(file, parts.join("").replace("server:2", "server:3"));
  expect(await run("verify", "--bundle", file)).toBe(1);
  expect(said.join("\n")).toMatch(/event-altered .*link 3/);
});

test("a file that is not the manifest's is a finding, and a manifest with words of its own is refused in one sentence", async () => {
  const copy = mkdtempSync(join(folder, "grown-"));
  cpSync(join(folder, "acme"), copy, { recursive: true });
  appendFileSync(join(copy, "events.ndjson"), "\n");
  expect(await run("verify", "--bundle", copy)).toBe(1);
  expect(said.join("\n")).toContain("file-altered");
  writeFileSync(join(copy, "manifest.json"), '{"format":"other"}');
  await expect(run("verify", "--bundle", copy)).rejects.toThrow(/manifest cannot be read/);
});

test("what cannot be found is said in one sentence, and an export never overwrites another", async () => {
  await expect(run("verify", "--public-key", join(folder, "none.pem"))).rejects.toThrow(/no public key at/);
  await expect(run("export", "--tenant", "nobody", "--out", join(folder, "x"))).rejects.toThrow(/no tenant "nobody"/);
  await expect(
    run("export", "--tenant", "acme", "--out", join(folder, "acme"), "--public-key", publicKey),
  ).rejects.toThrow(/holds an export already/);
  expect(await run("mend")).toBe(2);
});

test("a hold is placed once and released once, with a reason, and the tenant's own log says so", async () => {
  const secret = process.env.TOCSIN_SECRET;
  process.env.TOCSIN_SECRET = TEST_SECRET;
  const hold = (verb: string, reason: string) => run(verb, "--tenant", "globex", "--reason", reason);
  const why = "Litigation 12 O 34/26 before the county court";
  try {
    await expect(hold("hold", "because")).rejects.toThrow();
    await expect(hold("release", why)).rejects.toThrow(/under no hold/);
    expect(await hold("hold", why)).toBe(0);
    await expect(hold("hold", why)).rejects.toThrow(/under a hold already/);
    expect(await hold("release", "The county court closed the case 12 O 34/26")).toBe(0);
  } finally {
    if (secret === undefined) delete process.env.TOCSIN_SECRET;
    else process.env.TOCSIN_SECRET = secret;
  }
  const rows = await db.sql<{ action: string; body: string }>(
    "SELECT e.action, p.body FROM audit.event e JOIN audit.pii p ON p.event_id = e.id WHERE e.action LIKE 'audit.hold%' ORDER BY e.at",
  );
  expect(rows.map((r) => r.action)).toEqual(["audit.hold_placed", "audit.hold_released"]);
  expect(JSON.parse(rows[0]?.body ?? "")).toMatchObject({ why });
});
