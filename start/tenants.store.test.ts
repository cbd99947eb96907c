import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decide } from "#lib/commands/approval/decide";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makePerson, rootActor } from "#lib/testing/people";
import { allow, listAllowances, revoke } from "./allowances.ts";
import { type Ledger, withLedger } from "./ledger.ts";
import { addTenant, listTenants } from "./tenants.ts";

let db: TestDatabase;
let slug: string;
const on = <T>(work: (ledger: Ledger) => Promise<T>): Promise<T> =>
  withLedger({ owner: db.ownerUrl, app: db.appUrl }, work);
const add = (given: Partial<Parameters<typeof addTenant>[1]> = {}) =>
  on((l) => addTenant(l, { slug, name: "A tenant", tier: "team", ...given }));
const why = "The servers of the Berlin office";
const events = (target: string) =>
  db.sql<{ action: string; tenant: string; sealed: boolean }>(
    `SELECT e.action, t.slug AS tenant, c.seq IS NOT NULL AS sealed FROM audit.event e JOIN tenant t ON t.id = e.tenant_id
   LEFT JOIN audit.chain c ON c.event_id = e.id WHERE e.target = $1 ORDER BY e.at`,
    [target],
  );

beforeAll(async () => {
  db = await testDatabase();
});
beforeEach(() => {
  slug = `t-${randomUUID().slice(0, 8)}`;
});
afterAll(() => db.close());

describe("adding a tenant", () => {
  it("makes it and seals a row in the installation's own audit log", async () => {
    const id = await add({ name: "Acme Europe", tier: "enterprise" });
    expect(await on(listTenants)).toContainEqual({ slug, name: "Acme Europe", tier: "enterprise" });
    expect(await events(`tenant:${id}`)).toEqual([{ action: "tenant.add", tenant: "tocsin", sealed: true }]);
  });

  it("does not show the installation's own tenant as one", async () => {
    expect((await on(listTenants)).map((t) => t.slug)).not.toContain("tocsin");
  });

  it("refuses a slug that is taken, and writes nothing for it", async () => {
    await add();
    const [before] = await db.sql<{ n: string }>("SELECT count(*) AS n FROM audit.event");
    await expect(add()).rejects.toThrow(/already/);
    expect(await db.sql("SELECT count(*) AS n FROM audit.event")).toEqual([before]);
  });

  it.each([
    ["a slug with capitals", { slug: "Acme" }, /slug/],
    ["a slug of one letter", { slug: "a" }, /slug/],
    ["a slug that ends in a hyphen", { slug: "acme-" }, /slug/],
    ["a slug that is too long", { slug: "a".repeat(40) }, /slug/],
    ["a slug with SQL in it", { slug: "a'; drop" }, /slug/],
    ["an empty name", { name: " " }, /name/],
    ["a name with a line break", { name: "Ac\nme" }, /name/],
    ["a name that is too long", { name: "x".repeat(121) }, /name/],
    ["an unknown tier", { tier: "gold" }, /public, author, team, enterprise/],
    ["a tier that is only inherited", { tier: "constructor" }, /tier/],
  ])("refuses %s", async (_title, given, sentence) => {
    await expect(add(given)).rejects.toThrow(sentence);
  });
});

describe("allowing a private range", () => {
  it("lets one tenant reach it until it is taken back, each with a sealed row in that tenant's audit log", async () => {
    await add();
    const done = await on((l) => allow(l, { tenant: slug, cidr: "10.20.0.0/16", ports: "8000-8100", reason: why }));
    expect(done.state).toBe("waived");
    const id = (done as unknown as { result: { id: string } }).result.id;
    expect(await on((l) => listAllowances(l, slug))).toMatchObject([
      { id, cidr: "10.20.0.0/16", portFrom: 8000, portTo: 8100, reason: why },
    ]);
    expect(await on((l) => revoke(l, id))).toMatchObject({ cidr: "10.20.0.0/16" });
    expect(await on((l) => listAllowances(l, slug))).toEqual([]);
    expect(await events(`allowance:${id}`)).toEqual([
      { action: "address.allow", tenant: slug, sealed: true },
      { action: "address.revoke", tenant: slug, sealed: true },
    ]);
    await expect(on((l) => revoke(l, id))).rejects.toThrow(/no allowance of this id/);
  });

  it("is asked for where two root operators are known, and nothing is allowed before one of them approves", async () => {
    await add();
    const people = await Promise.all(["Ada", "Bob"].map((name) => makePerson(db, { name, groups: ["tocsin-root"] })));
    const asked = await on((l) => allow(l, { tenant: slug, cidr: "10.20.0.0/16", reason: why }));
    expect(asked).toMatchObject({ state: "asked", approvers: ["Ada", "Bob"] });
    expect(await on((l) => listAllowances(l, slug))).toEqual([]);
    await decide(
      db.appDb,
      asked.id,
      rootActor(people[0] ?? "", new Date()),
      "approve",
      "Checked with the Berlin office",
    );
    expect(await on((l) => listAllowances(l, slug))).toHaveLength(1);
    await db.sql("DELETE FROM person");
  });

  it("is for that tenant only", async () => {
    await add();
    const other = `${slug}-b`;
    await add({ slug: other });
    await on((l) => allow(l, { tenant: slug, cidr: "10.0.0.0/8", reason: why }));
    expect(await on((l) => listAllowances(l, other))).toEqual([]);
  });

  it("refuses the same range twice", async () => {
    await add();
    const once = () => on((l) => allow(l, { tenant: slug, cidr: "10.0.0.0/8", reason: why }));
    await once();
    await expect(once()).rejects.toThrow(/allowed already/);
  });

  it.each([
    ["everything", { cidr: "0.0.0.0/0" }, /every address/],
    ["a short reason", { reason: "because" }, /at least 20/],
    ["a reason of control characters", { reason: "\u0000".repeat(20) }, /at least 20/],
    ["a tenant that does not exist", { tenant: "nobody-here" }, /no tenant of this slug/],
  ])("refuses %s and writes nothing", async (_title, given, sentence) => {
    await add();
    await expect(on((l) => allow(l, { tenant: slug, cidr: "10.0.0.0/8", reason: why, ...given }))).rejects.toThrow(
      sentence,
    );
    expect(await on((l) => listAllowances(l, slug))).toEqual([]);
  });

  it.each(["", "x", randomUUID(), "' OR 1=1"])("takes back nothing for the id %j", async (id) => {
    await expect(on((l) => revoke(l, id))).rejects.toThrow(/no allowance of this id/);
  });
});
