// What the pages of a server's tools are drawn from: filters, words made visible, and only what each side may see.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mayLeave } from "#lib/domain/fields";
import { toolSurface } from "#lib/domain/surface";
import { diffTools } from "#lib/domain/tool-diff";
import { keep, keptNote } from "#lib/domain/tool-list";
import { type TestDatabase, testDatabase } from "../testing/database.ts";
import { makeRegion, makeServer, makeTenant } from "../testing/make.ts";
import { portalTools } from "./portal/tools.ts";
import { serverTools, type Show } from "./server-tools.ts";

let db: TestDatabase;
let tenantId: string;
let serverId: string;
const person = randomUUID();

const HOSTILE = `Adds.\u202e\u{e0041}\u200b <script>alert(1)</script> ${"x".repeat(1_000_000)}`;
const before = keep(toolSurface([{ name: "add", description: "Adds.", inputSchema: { type: "object" } }]).tools);
const kept = toolSurface([
  { name: "add", description: "Adds.", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } },
  { name: "b\u202egnp.exe", description: HOSTILE.slice(0, 200), inputSchema: { type: "object" } },
  { name: "large", description: HOSTILE, inputSchema: { type: "object" } },
]);
const after = keep(kept.tools);

beforeAll(async () => {
  db = await testDatabase();
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { name: "Notes" });
  await makeRegion(db, "fra", "Frankfurt");
  await db.sql(
    "INSERT INTO person (id, issuer, subject, name, email, created_at, last_seen_at) VALUES ($1, 'i', $2, 'Omar Operator', 'o@example.com', now(), now())",
    [person, person],
  );
  const { fullHash, contractHash } = kept.surface;
  await db.sql(
    `INSERT INTO tool_list (tenant_id, server_id, full_hash, contract_hash, tools, count, note, region, first_seen)
     VALUES ($1, $2, $3, $4, $5, 3, $6, 'fra', now())`,
    [tenantId, serverId, fullHash, contractHash, JSON.stringify(after), keptNote(after)],
  );
  const add = async (
    kind: string,
    state: string,
    more: { breaking?: boolean; flags?: object[]; digest?: string } = {},
  ) => {
    const id = randomUUID();
    await db.sql(
      `INSERT INTO surface_change (tenant_id, id, server_id, era, credentialed, kind, at, from_hash, to_hash, regions, diff, flags, breaking, digest,
         state, decided_by) VALUES ($1, $2, $3, 'modern', false, $4, now(), $5, $5, '{fra}', $6, $7, $8, $9, $10, $11)`,
      [
        ...[tenantId, id, serverId, kind, fullHash, diffTools(before, after), JSON.stringify(more.flags ?? [])],
        ...[more.breaking ?? false, more.digest ?? "none", state, state === "accepted" ? person : null],
      ],
    );
    return id;
  };
  await add("first_seen", "noted");
  await add("changed", "accepted", { digest: "weekly" });
  await add("diverged", "over", { breaking: true });
  const flags = [{ rule: "overrides", tool: "add", where: "description", quote: "ignore" }];
  const change = await add("changed", "open", { flags, digest: "now" });
  const accepted = "a".repeat(64);
  await db.sql("INSERT INTO server_now (tenant_id, server_id, since, surface) VALUES ($1, $2, now(), $3)", [
    tenantId,
    serverId,
    { scopes: { "modern:open": { accepted, announced: { full: fullHash, change, alerts: true, sentence: "" } } } },
  ]);
});
afterAll(() => db.close());

const ask = (show: Show | "" = "", q = "", page = 1, of = tenantId) =>
  db.appDb.withTenant({ tenantId: of, actorId: person, readOnly: true }, (tx) =>
    serverTools(tx, serverId, { q, show, page }),
  );

test("it says what waits for a person, what is offered now and whether that is accepted", async () => {
  const found = await ask();
  expect(found?.waiting.map((c) => [c.kind, c.state])).toEqual([["changed", "open"]]);
  const [scope] = found?.scopes ?? [];
  expect(scope).toMatchObject({ era: "modern", credentialed: false, count: 3, accepted: "a".repeat(64) });
  expect(scope?.note).toContain("1 of its 3 tools are kept by hash only");
  expect(scope?.tools.find((t) => t.name === "add")).toMatchObject({ readOnly: true, kept: true });
  expect(scope?.tools.find((t) => t.name === "large")).toMatchObject({ kept: false, description: "" });
  expect(found?.changes.find((c) => c.state === "accepted")?.decidedBy).toBe("Omar Operator");
  expect(found?.changes[0]?.regions).toEqual(["Frankfurt"]);
});

test("words of the server leave with hidden characters spelled out, and bounded", async () => {
  const text = JSON.stringify(await ask());
  expect(text).not.toMatch(/[\u200b\u202e]|[\u{e0000}-\u{e007f}]/u);
  expect(text).toContain("⟨U+202E⟩⟨U+E0041⟩⟨U+200B⟩");
  expect(text.length).toBeLessThan(60_000);
});

test("a list that was cut is said to be", async () => {
  expect((await ask())?.cut).toBe(false);
  const tools = { count: 2_000, contractHash: "c", fullHash: "f", names: [], truncated: true };
  await db.sql("UPDATE server_now SET tools = $2 WHERE server_id = $1", [serverId, tools]);
  expect((await ask())?.cut).toBe(true);
});

describe("the address chooses what is listed", () => {
  test.each<[Show | "", string, number]>([
    ["", "", 4],
    ["open", "", 1],
    ["breaking", "", 1],
    ["additions", "", 2],
    ["words", "", 0],
    ["flagged", "", 1],
    ["regions", "", 1],
    ["", "GNP.EXE", 4],
    ["", "%", 0],
    ["open", "' OR true --", 0],
  ])("%s %s", async (show, q, count) => {
    const found = await ask(show, q);
    expect(found?.changes).toHaveLength(count);
    expect(found?.total[show === "" ? "all" : show]).toBe(count);
  });

  test("a page past the end is the last one", async () => {
    expect((await ask("", "", 999))?.page).toBe(1);
  });
});

test("customers see the fields that the table names, and another tenant nothing at all", async () => {
  const found = await db.appDb.withTenant({ tenantId, actorId: person, readOnly: true }, (tx) =>
    portalTools(tx, serverId, { q: "", show: "", page: 1 }),
  );
  for (const row of found?.scopes ?? [])
    for (const f of Object.keys(row)) expect(mayLeave("portal", "toolList", f), f).toBe(true);
  for (const row of [...(found?.changes ?? []), ...(found?.waiting ?? [])])
    for (const f of Object.keys(row)) expect(mayLeave("portal", "toolChange", f), f).toBe(true);
  expect(found?.changes).toHaveLength(4);
  expect(JSON.stringify(found)).not.toContain(person);
  expect(await ask("", "", 1, (await makeTenant(db)).id)).toBeNull();
});
