// What holds of every command, found by reading the folder: it takes no field that it does not know, and it changes
// nothing of another tenant's even where the database would let it.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Actor, carryOut, execute, parse } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { LAYERS, ruleOf } from "#lib/domain/permissions";
import { allCommands, INPUTS } from "../testing/commands.ts";
import { type TestDatabase, testDatabase } from "../testing/database.ts";
import { makeTenant } from "../testing/make.ts";
import { testSettings } from "../testing/settings.ts";
import { newWorld, plant, ROWS, type World } from "../testing/world.ts";

const commands = await allCommands();
const WHY = "Asked for by a test that tries what must not work";

let db: TestDatabase;
let putAway = () => {};
beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
});
afterAll(async () => {
  putAway();
  await db.close();
});

test("every command has an input to be tried with, and every input a command", () => {
  expect(Object.keys(INPUTS).sort()).toEqual([...commands.keys()].sort());
});

describe("no command takes a field that it does not know", () => {
  const world = newWorld(randomUUID(), "somewhere");
  for (const [name, command] of commands)
    test(name, () => {
      const good = INPUTS[name]?.({ own: world, rows: world }) ?? {};
      expect(() => parse(command, good)).not.toThrow();
      for (const field of ["role", "layers", "tenantId", "actorId", "approvedBy", "constructor", "__proto__"]) {
        if (Object.hasOwn(good, field)) continue;
        // As it comes out of JSON: "__proto__" is then a field like any other.
        const smuggled = JSON.parse(
          `{${JSON.stringify(field)}:"root",${JSON.stringify(good).slice(1)}`.replace(/,}$/, "}"),
        );
        expect(Object.hasOwn(smuggled, field)).toBe(true);
        expect(
          codeOf(() => parse(command, smuggled)),
          field,
        ).toBe("E_UNKNOWN_FIELD");
      }
    });
});

function codeOf(act: () => unknown): string {
  try {
    act();
    return "taken";
  } catch (error) {
    return error instanceof TocsinError ? error.code : `not ours: ${String(error)}`;
  }
}

/** Everything that a tenant has, as one value; the log apart, which also says who was refused. */
async function belongings(of: TestDatabase, tenant: string, log: boolean): Promise<Record<string, string>> {
  const tables = Object.keys(ROWS).filter((table) => log || !table.startsWith("audit."));
  const rows = await of.sql<{ name: string; is: string }>(
    tables
      .map(
        (table) =>
          `SELECT '${table}' AS name, count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS is FROM ${table} t WHERE tenant_id = $1`,
      )
      .join(" UNION ALL "),
    [tenant],
  );
  return Object.fromEntries(rows.map((r) => [r.name, r.is]));
}

// The database's own walls are down: only what the commands ask stands between two tenants.
describe("the commands alone stop a cross-tenant write: no row security, and no key in the way", () => {
  let open: TestDatabase;
  let away = () => {};
  beforeAll(async () => {
    open = await testDatabase();
    away = testSettings(open);
    for (const table of Object.keys(ROWS))
      await open.sql(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`);
    await open.sql(`DO $$ DECLARE f record; BEGIN
      FOR f IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', f.t, f.conname); END LOOP; END $$`);
  });
  afterAll(async () => {
    away();
    await open.close();
  });

  const world = async (): Promise<World> => {
    const made = await makeTenant(open, { tier: "enterprise" });
    return plant(open.sql, newWorld(made.id, made.slug));
  };
  const actorIn = (tenantId: string): Actor => ({
    personId: randomUUID(),
    name: "Somebody",
    tenantId,
    layers: LAYERS,
    sessionId: randomUUID(),
    authTime: new Date(),
  });
  const tryAs = async (name: string, own: World, rows: World): Promise<string> => {
    const command = commands.get(name);
    if (command === undefined) throw new Error(`no command ${name}`);
    const actor = actorIn(own.tenant);
    const input = INPUTS[name]?.({ own, rows });
    try {
      if (ruleOf(command.action).two) {
        // As an approval carries it out, once two people have said so.
        const parsed = parse(command, input);
        const tenantId = command.tenant?.(parsed) ?? own.tenant;
        await open.appDb.withTenant({ tenantId, actorId: actor.personId, trace: { why: WHY } }, (tx) =>
          carryOut(tx, command, actor, parsed, WHY),
        );
      } else await execute(open.appDb, command, actor, input, WHY);
      return "done";
    } catch (error) {
      return error instanceof TocsinError ? error.code : `not ours: ${String(error)}`;
    }
  };

  for (const name of commands.keys())
    test(name, async () => {
      const own = await world();
      const foreign = await world();
      const make = INPUTS[name];
      const names = JSON.stringify(make?.({ own, rows: own })) !== JSON.stringify(make?.({ own, rows: foreign }));
      const before = [await belongings(open, foreign.tenant, true), await belongings(open, own.tenant, false)];
      const said = await tryAs(name, own, foreign);
      expect(await belongings(open, foreign.tenant, true), said).toEqual(before[0]);
      if (!names) return;
      // It named another tenant's row: that is as unknown as one that never was, and nothing of one's own changes either.
      expect(said).toBe(await tryAs(name, own, newWorld(randomUUID(), "nowhere")));
      expect(said).toMatch(/^E_(NOT_FOUND|INVALID)$/);
      expect(await belongings(open, own.tenant, false)).toEqual(before[1]);
    });
});
