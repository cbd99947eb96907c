// Two people: who may ask, who may decide, that it happens once, and that every refusal leaves its row.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { execute } from "#lib/commands/command";
import { APPROVAL_MS, DUAL_ACTIONS } from "#lib/domain/approval";
import { ACTIONS, ruleOf } from "#lib/domain/permissions";
import { type TestClock, testClock } from "../../testing/clock.ts";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { actorFor, makePerson, rootActor } from "../../testing/people.ts";
import { allowAddress } from "../address/allow.ts";
import { askFor } from "./ask.ts";
import { decide } from "./decide.ts";
import { DUALS } from "./registry.ts";
import { SHELL_ACTOR } from "./row.ts";
import { withdraw } from "./withdraw.ts";

const WHY = "The servers of the Berlin office are moving";
const GOOD = "Checked with the network team this morning";

let db: TestDatabase;
let clock: TestClock;
let tenant: { id: string; slug: string };
let ada: string;
let bob: string;
beforeEach(async () => {
  db = await testDatabase();
  clock = testClock();
  tenant = await makeTenant(db);
  ada = await makePerson(db, { name: "Ada", groups: ["tocsin-root"] });
  bob = await makePerson(db, { name: "Bob", groups: ["tocsin-root"] });
});
afterEach(async () => {
  clock.restore();
  await db.close();
});

const root = (id: string) => rootActor(id, clock.now());
const range = () => ({ tenantId: tenant.id, cidr: "10.20.0.0/16", ports: "" });
const ask = (by = ada) => askFor(db.appDb, "address.allow", root(by), range(), WHY);
const allowed = () => db.sql("SELECT cidr, created_by, reason FROM address_allowance WHERE revoked_at IS NULL");
const states = async () =>
  (await db.sql<{ state: string }>("SELECT state FROM approval ORDER BY asked_at")).map((r) => r.state);
const log = async (tenantId = PLATFORM_TENANT) =>
  (
    await db.sql<{ action: string; actor: string; body: string }>(
      "SELECT e.action, e.actor, e.body FROM audit.event e JOIN audit.chain c ON c.event_id = e.id WHERE e.tenant_id = $1 ORDER BY c.seq",
      [tenantId],
    )
  ).map((r) => ({ ...r, body: JSON.parse(r.body) as Record<string, unknown> }));

test("every action that needs two people is in the registry, and nothing else is", () => {
  expect(new Set(Object.values(DUALS).map((d) => d.command.action))).toEqual(
    new Set(ACTIONS.filter((a) => ruleOf(a).two === true)),
  );
});

test("what one person asked for and another approved is done once, with the asker as its actor and the approver beside", async () => {
  const asked = await ask();
  expect(asked).toMatchObject({ state: "asked", approvers: ["Bob"] });
  expect(await allowed()).toEqual([]);
  await decide(db.appDb, asked.id, root(bob), "approve", GOOD);
  expect(await allowed()).toEqual([{ cidr: "10.20.0.0/16", created_by: ada, reason: WHY }]);
  expect(await log(tenant.id)).toMatchObject([
    { action: "address.allow", actor: ada, body: { cidr: "10.20.0.0/16", approvedBy: bob, approval: asked.id } },
  ]);
  expect((await log()).map((e) => [e.action, e.actor])).toEqual([
    ["approval.ask", ada],
    ["approval.approve", bob],
  ]);
  await expect(decide(db.appDb, asked.id, root(bob), "approve", GOOD)).rejects.toMatchObject({ code: "E_STATE" });
  expect(await allowed()).toHaveLength(1);
});

test("each name in the registry asks for the permission that the page asks for", () => {
  expect(Object.fromEntries(Object.entries(DUALS).map(([name, dual]) => [name, dual.command.action]))).toEqual(
    DUAL_ACTIONS,
  );
});

test("the plain road refuses what needs two people", async () => {
  await expect(execute(db.appDb, allowAddress.command, root(ada), range(), WHY)).rejects.toMatchObject({
    code: "E_APPROVAL_NEEDED",
  });
});

test("two who approve at the same moment do it once", async () => {
  const cyd = await makePerson(db, { groups: ["tocsin-root"] });
  const { id } = await ask();
  const both = await Promise.allSettled([
    decide(db.appDb, id, root(bob), "approve", GOOD),
    decide(db.appDb, id, root(cyd), "approve", GOOD),
  ]);
  expect(both.map((r) => r.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(both.find((r) => r.status === "rejected")).toMatchObject({ reason: { code: "E_STATE" } });
  expect(await allowed()).toHaveLength(1);
  expect(await states()).toEqual(["executed"]);
});

test("approved and refused at the same moment: the first word stands, and the log holds only that one", async () => {
  const cyd = await makePerson(db, { groups: ["tocsin-root"] });
  const { id } = await ask();
  await Promise.allSettled([
    decide(db.appDb, id, root(bob), "refuse", GOOD),
    decide(db.appDb, id, root(cyd), "approve", GOOD),
  ]);
  const [state] = await states();
  expect(await allowed()).toHaveLength(state === "executed" ? 1 : 0);
  expect((await log()).filter((e) => /approval\.(approve|refuse)$/.test(e.action))).toHaveLength(1);
});

describe("refused, with a row in the log", () => {
  test.each<[string, string, (id: string) => Promise<unknown>, string]>([
    ["by whoever asked", "E_SELF_APPROVAL", (id) => decide(db.appDb, id, root(ada), "approve", GOOD), "asked"],
    [
      "from the session that asked",
      "E_SELF_APPROVAL",
      async (id) => {
        const [row] = await db.sql<{ s: string }>("SELECT asked_session AS s FROM approval");
        return decide(db.appDb, id, { ...root(bob), sessionId: row?.s ?? "" }, "approve", GOOD);
      },
      "asked",
    ],
    [
      "a day later",
      "E_EXPIRED",
      (id) => {
        clock.advance(APPROVAL_MS);
        return decide(db.appDb, id, root(bob), "approve", GOOD);
      },
      "expired",
    ],
    [
      "when whoever asked has lost the role",
      "E_STATE",
      async (id) => {
        await db.sql("UPDATE person SET groups = '{}' WHERE id = $1", [ada]);
        return decide(db.appDb, id, root(bob), "approve", GOOD);
      },
      "refused",
    ],
    [
      "when whoever asked is disabled",
      "E_STATE",
      async (id) => {
        await db.sql("UPDATE person SET disabled_at = '2026-11-21' WHERE id = $1", [ada]);
        return decide(db.appDb, id, root(bob), "approve", GOOD);
      },
      "refused",
    ],
    [
      "when the approver's role is gone, though the session still says so",
      "E_FORBIDDEN",
      async (id) => {
        await db.sql("UPDATE person SET groups = '{}' WHERE id = $1", [bob]);
        return decide(db.appDb, id, root(bob), "approve", GOOD);
      },
      "asked",
    ],
    [
      "by an emergency account",
      "E_FORBIDDEN",
      async (id) => {
        const spare = await makePerson(db, { groups: ["tocsin:break-glass"], issuer: "tocsin:break-glass" });
        return decide(db.appDb, id, root(spare), "approve", GOOD);
      },
      "asked",
    ],
    [
      "when it would now change something else",
      "E_STATE",
      async (id) => {
        await db.sql(
          `INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at)
           VALUES ($1, gen_random_uuid(), '10.99.0.0/16', 'Came in between', '2026-11-21')`,
          [tenant.id],
        );
        return decide(db.appDb, id, root(bob), "approve", GOOD);
      },
      "failed",
    ],
  ])("%s: %s", async (_, code, doing, state) => {
    const { id } = await ask();
    await expect(doing(id)).rejects.toMatchObject({ code });
    expect(await states()).toEqual([state]);
    expect(await db.sql("SELECT 1 FROM address_allowance WHERE cidr = '10.20.0.0/16'")).toEqual([]);
    expect((await log()).at(-1)?.body).toMatchObject({ code });
  });

  test("at 23:59:59 it still holds", async () => {
    const { id } = await ask();
    clock.advance(APPROVAL_MS - 1);
    await expect(decide(db.appDb, id, root(bob), "approve", GOOD)).resolves.toMatchObject({ state: "executed" });
  });
});

describe("refused before anything is looked at", () => {
  test("by a layer that may not, with a row", async () => {
    const { id } = await ask();
    const auditor = actorFor(bob, PLATFORM_TENANT, ["auditor"], clock.now());
    await expect(decide(db.appDb, id, auditor, "approve", GOOD)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    await expect(askFor(db.appDb, "address.allow", auditor, range(), WHY)).rejects.toMatchObject({
      code: "E_FORBIDDEN",
    });
    expect((await log()).filter((e) => e.action === "access.refused")).toHaveLength(2);
  });
  test("with an old sign-in", async () => {
    const { id } = await ask();
    const stale = { ...root(bob), authTime: new Date(clock.now().getTime() - 5 * 60_000 - 1) };
    await expect(decide(db.appDb, id, stale, "approve", GOOD)).rejects.toMatchObject({ code: "E_STEP_UP" });
  });
  test.each([["short"], ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], [""]])("with no reason: %j", async (text) => {
    const { id } = await ask();
    await expect(decide(db.appDb, id, root(bob), "approve", text)).rejects.toMatchObject({ code: "E_REASON" });
    await expect(askFor(db.appDb, "address.allow", root(ada), range(), text)).rejects.toMatchObject({
      code: "E_REASON",
    });
  });
  test.each([["no-id"], ["../etc"], ["00000000-0000-4000-8000-000000000099"]])("of no approval: %s", async (id) => {
    await expect(decide(db.appDb, id, root(bob), "approve", GOOD)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
  test("of another tenant's approval, which is as if it were not there", async () => {
    const { id } = await ask();
    const elsewhere = actorFor(bob, tenant.id, ["operator", "root"], clock.now());
    await expect(decide(db.appDb, id, elsewhere, "approve", GOOD)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
});

test("a refusal ends it with its reason, and then it can be asked again", async () => {
  const { id } = await ask();
  await expect(ask()).rejects.toMatchObject({ code: "E_CONFLICT" });
  await decide(db.appDb, id, root(bob), "refuse", GOOD);
  expect(await db.sql("SELECT state, decision, decided_by FROM approval")).toEqual([
    { state: "refused", decision: GOOD, decided_by: bob },
  ]);
  await expect(ask()).resolves.toMatchObject({ state: "asked" });
});

test("whoever asked takes it back, nobody else, and only once", async () => {
  const { id } = await ask();
  await expect(withdraw(db.appDb, id, root(bob))).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  await withdraw(db.appDb, id, root(ada));
  await expect(withdraw(db.appDb, id, root(ada))).rejects.toMatchObject({ code: "E_STATE" });
  await expect(decide(db.appDb, id, root(bob), "approve", GOOD)).rejects.toMatchObject({ code: "E_STATE" });
  expect(await states()).toEqual(["withdrawn"]);
});

test("what fails inside leaves nothing behind but the word that it failed", async () => {
  const { id } = await ask();
  await db.sql(
    `CREATE FUNCTION public.boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'boom'; END $$;
     CREATE TRIGGER boom AFTER INSERT ON address_allowance FOR EACH ROW EXECUTE FUNCTION public.boom()`,
  );
  await expect(decide(db.appDb, id, root(bob), "approve", GOOD)).rejects.toThrow();
  expect(await allowed()).toEqual([]);
  expect(await states()).toEqual(["failed"]);
  expect((await log()).map((e) => e.action)).toEqual(["approval.ask", "approval.fail"]);
  expect(await log(tenant.id)).toEqual([]);
});

describe("waived only where nobody else could decide", () => {
  const waives = async (by = ada) => (await ask(by)).state;
  test("alone: done at once, and the log says so loudly", async () => {
    await db.sql("DELETE FROM person WHERE id = $1", [bob]);
    expect(await waives()).toBe("waived");
    expect(await allowed()).toHaveLength(1);
    expect((await log()).map((e) => e.action)).toEqual(["approval.waived"]);
    expect(await log(tenant.id)).toMatchObject([{ body: { waived: true, approvedBy: null } }]);
    expect(await db.sql("SELECT state, waived FROM approval")).toEqual([{ state: "executed", waived: true }]);
  });
  test("not within a day of disabling the other one: that would be the way around them", async () => {
    await db.sql("UPDATE person SET disabled_at = $2 WHERE id = $1", [bob, clock.now()]);
    expect(await waives()).toBe("asked");
    clock.advance(24 * 3_600_000);
    expect(await waives()).toBe("waived");
  });
  test("a person of another layer is no second person", async () => {
    await db.sql("UPDATE person SET groups = '{tocsin-auditor}' WHERE id = $1", [bob]);
    expect(await waives()).toBe("waived");
  });
  test("an emergency account is no second person", async () => {
    await db.sql("UPDATE person SET issuer = 'tocsin:break-glass' WHERE id = $1", [bob]);
    expect(await waives()).toBe("waived");
  });
  test("whoever asks at the command line may be any of them: it takes two others", async () => {
    const shell = { ...root(SHELL_ACTOR), name: "command line" };
    const typed = await askFor(db.appDb, "address.allow", shell, range(), WHY);
    expect(typed).toMatchObject({ state: "asked", approvers: ["Ada", "Bob"] });
    await decide(db.appDb, typed.id, root(bob), "approve", GOOD);
    expect(await allowed()).toMatchObject([{ created_by: SHELL_ACTOR }]);
    await db.sql("DELETE FROM person WHERE id = $1", [bob]);
    const other = { ...range(), cidr: "10.30.0.0/16" };
    expect(await askFor(db.appDb, "address.allow", shell, other, WHY)).toMatchObject({ state: "waived" });
  });
});

describe("what an emergency account asks for", () => {
  const emergencyBy = async (maker: string): Promise<string> => {
    const id = await makePerson(db, { groups: ["tocsin:break-glass"], issuer: "tocsin:break-glass" });
    await db.sql(
      `INSERT INTO break_glass (id, name, secret_hash, created_by, created_at)
       VALUES ($1::uuid, 'safe-' || left($1::text, 8), 'x', $2::uuid, '2026-11-21')`,
      [id, maker],
    );
    return id;
  };

  test.each<[string, () => Promise<string>]>([
    ["who made it", () => emergencyBy(bob)],
    ["who made the one that made it", async () => emergencyBy(await emergencyBy(bob))],
  ])("is not approved by %s: both may be one person", async (_, made) => {
    const cora = await makePerson(db, { name: "Cora", groups: ["tocsin-root"] });
    const asked = await ask(await made());
    expect(asked).toMatchObject({ state: "asked", approvers: ["Ada", "Cora"] });
    await expect(decide(db.appDb, asked.id, root(bob), "approve", GOOD)).rejects.toMatchObject({
      code: "E_SELF_APPROVAL",
    });
    expect((await log()).at(-1)).toMatchObject({
      action: "approval.refused_decision",
      body: { code: "E_SELF_APPROVAL" },
    });
    expect(await allowed()).toEqual([]);
    await expect(decide(db.appDb, asked.id, root(cora), "approve", GOOD)).resolves.toMatchObject({ state: "executed" });
  });

  test("is not waived because only its maker is left: whoever found the secret would do it alone", async () => {
    await db.sql("UPDATE person SET groups = '{}' WHERE id = $1", [ada]);
    expect(await ask(await emergencyBy(bob))).toMatchObject({ state: "asked", approvers: [] });
  });
});

describe("input from outside", () => {
  test.each<[string, unknown, string]>([
    ["an unknown field", { cidr: "10.20.0.0/16", approvedBy: "me" }, "E_UNKNOWN_FIELD"],
    ["a public range", { cidr: "8.8.8.0/24" }, "E_INVALID"],
    ["a metadata service", { cidr: "100.100.100.200/32" }, "E_INVALID"],
    ["a tenant that is none", { tenantId: "00000000-0000-4000-8000-0000000000ff", cidr: "10.0.0.0/8" }, "E_NOT_FOUND"],
    ["the installation's own tenant", { tenantId: PLATFORM_TENANT, cidr: "10.0.0.0/8" }, "E_NOT_FOUND"],
    ["no object", "10.20.0.0/16", "E_INVALID"],
  ])("%s: %s", async (_, given, code) => {
    const raw = typeof given === "object" ? { tenantId: tenant.id, ports: "", ...given } : given;
    await expect(askFor(db.appDb, "address.allow", root(ada), raw, WHY)).rejects.toMatchObject({ code });
    expect(await states()).toEqual([]);
  });
});
