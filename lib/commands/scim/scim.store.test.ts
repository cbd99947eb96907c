// The directory's side door, as Entra ID and Okta use it and as somebody hostile would.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { setClock } from "#lib/adapters/clock";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type Actor, execute } from "#lib/commands/command";
import { personFromClaims, signIn } from "#lib/commands/session/sign-in";
import { enablePerson } from "#lib/commands/person/enable";
import { TocsinError } from "#lib/domain/error";
import { disablePerson } from "#lib/commands/person/disable";
import { personByIdentity, tokenHash, viewerOf } from "#lib/queries/session";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { makeScimToken } from "./make-token.ts";
import { revokeScimToken } from "./revoke-token.ts";
import { type ScimSettings, serveScim } from "./serve.ts";

let db: TestDatabase;
let now = Date.parse("2026-11-21T08:00:00Z");
let bearer = "";
let tokenId = "";
let restore: () => void;
const ISSUER = "https://idp.example.com";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const why = "The identity team connects its directory today";
const root = (more: Partial<Actor> = {}): Actor => ({
  personId: randomUUID(),
  name: "Rosa",
  tenantId: PLATFORM_TENANT,
  layers: ["root", "operator"],
  authTime: new Date(now),
  ...more,
});
beforeAll(async () => {
  db = await testDatabase();
  restore = setClock(() => now);
  const made = await execute(db.appDb, makeScimToken, root(), { name: "Entra ID", days: "90" }, why);
  [bearer, tokenId] = [made.token, made.id];
});
beforeEach(async () => {
  await db.sql("DELETE FROM scim_user");
  await db.sql("DELETE FROM scim_group");
  await db.sql("UPDATE person SET disabled_at = now(), directory_id = NULL, groups = '{}'");
});
afterAll(async () => {
  restore();
  await db.close();
});

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at as the directory does
  body: any;
}
async function ask(
  method: string,
  address: string,
  body?: unknown,
  more: Partial<ScimSettings> & { bearer?: string } = {},
): Promise<Answer> {
  const url = new URL(`http://x/${address}`);
  const { bearer: given = bearer, ...settings } = more;
  const answer = await serveScim(
    db.appDb,
    { issuer: ISSUER, groupsFrom: "scim", base: "https://tocsin.example.com/api/scim/v2", ...settings },
    {
      method,
      path: url.pathname.split("/").filter(Boolean),
      query: url.searchParams,
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      bearer: given,
      from: "192.0.2.20",
    },
  );
  return { status: answer.status, body: answer.body === null ? null : JSON.parse(JSON.stringify(answer.body)) };
}
let n = 0;
const user = (more: Record<string, unknown> = {}) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  userName: `ada${++n}@example.com`,
  externalId: `subject-${n}`,
  displayName: "Ada Lovelace",
  active: true,
  ...more,
});
const patch = (...Operations: unknown[]) => ({ schemas: [PATCH], Operations });
const made = async (more: Record<string, unknown> = {}): Promise<{ id: string; externalId: string }> =>
  (await ask("POST", "Users", user(more))).body;
const group = async (displayName: string, members: string[] = []) =>
  (await ask("POST", "Groups", { displayName, members: members.map((value) => ({ value })) })).body as { id: string };
/** Signs in as the identity provider would have it. */
async function arrive(subject: string, groups: string[] = [], groupsFrom: "token" | "scim" = "scim") {
  const let_in = await signIn(
    db.appDb,
    personFromClaims({ sub: subject, name: "Ada", groups }, ISSUER, "groups", { claim: "sub", groupsFrom }),
    new Date(now),
  );
  const person = await personByIdentity(db.appDb, ISSUER, subject);
  const token = `token-${randomUUID()}`;
  await db.sql(
    "INSERT INTO session (id, token_hash, person_id, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)",
    [randomUUID(), Buffer.from(tokenHash(token)), person?.id, new Date(now), new Date(now + 3_600_000)],
  );
  return { letIn: let_in, id: person?.id ?? "", token };
}
const seats = async (token: string) =>
  (await viewerOf(db.appDb, token, new Date(now)))?.seats.map((s) => s.layers.join());
const events = async (like: string) =>
  db.sql<{ action: string; actor: string; body: string; target: string }>(
    "SELECT action, actor, body, target FROM audit.event WHERE action LIKE $1 ORDER BY at",
    [like],
  );

describe("a person", () => {
  test("is written, found, changed and taken away as the RFC has it, each with its row under the token's name", async () => {
    const given = user({
      name: { givenName: "Ada", familyName: "Lovelace" },
      emails: [{ value: "ada@example.com", type: "work", primary: true }],
      title: "Countess",
    });
    const first = await ask("POST", "Users", given);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      userName: given.userName,
      externalId: given.externalId,
      active: true,
      name: { familyName: "Lovelace" },
      meta: { resourceType: "User" },
    });
    expect(first.body.title).toBeUndefined();
    const { id } = first.body;
    expect((await ask("GET", `Users/${id}`)).body).toEqual(first.body);
    expect(
      (await ask("GET", `Users?filter=${encodeURIComponent(`userName eq "${given.userName.toUpperCase()}"`)}`)).body,
    ).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    expect((await ask("PUT", `Users/${id}`, { ...given, displayName: "A. Lovelace" })).body).toMatchObject({
      displayName: "A. Lovelace",
    });
    expect((await ask("DELETE", `Users/${id}`)).status).toBe(204);
    expect((await ask("GET", `Users/${id}`)).status).toBe(404);
    const log = await events("scim.user_%");
    expect(log.map((e) => e.action)).toEqual(["scim.user_create", "scim.user_change", "scim.user_delete"]);
    expect(log.every((e) => e.actor === tokenId && e.target === `scim_user:${id}` && !e.body.includes("ada"))).toBe(
      true,
    );
  });

  test.each<[string, unknown, Record<string, unknown>]>([
    ["Entra ID switches off", patch({ op: "Replace", path: "active", value: "False" }), { active: false }],
    ["Okta switches off", patch({ op: "replace", value: { active: false } }), { active: false }],
    [
      "Entra ID without a path",
      patch({ op: "Add", value: { "name.givenName": "Grace", active: "True" } }),
      { active: true, name: { givenName: "Grace" } },
    ],
    [
      "Entra ID's address of e-mail",
      patch({ op: "Add", path: 'emails[type eq "work"].value', value: "g@example.com" }),
      { emails: [{ value: "g@example.com", type: "work", primary: true }] },
    ],
    [
      "an attribute with its schema before it",
      patch({ op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:displayName", value: "Grace" }),
      { displayName: "Grace" },
    ],
    [
      "another spelling of the same attribute",
      patch({ op: "replace", path: "DISPLAYNAME", value: "Grace" }),
      { displayName: "Grace" },
    ],
    [
      "what we do not keep",
      patch(
        { op: "Add", path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", value: "Ops" },
        { op: "add", path: "title", value: "x" },
      ),
      { active: true },
    ],
    [
      "Okta's repeated id",
      patch({ op: "replace", value: { id: "00u1", displayName: "Grace" } }),
      { displayName: "Grace" },
    ],
    [
      "a name that turns the line around",
      patch({ op: "replace", path: "displayName", value: "Gr\u202eace" }),
      { displayName: "Gr ace" },
    ],
  ])("%s", async (_, body, expected) => {
    const { id } = await made();
    expect(await ask("PATCH", `Users/${id}`, body)).toMatchObject({ status: 200, body: expected });
    expect((await ask("GET", `Users/${id}`)).body).toMatchObject(expected);
  });

  test("is switched off at once, with every session, and on again by whoever switched it off", async () => {
    await makeTenant(db);
    const keep = await arrive("keeper", ["tocsin-root"], "token");
    const { id, externalId } = await made();
    const ada = await arrive(externalId);
    expect(await seats(ada.token)).toEqual([]);
    await ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: false } }));
    expect(await viewerOf(db.appDb, ada.token, new Date(now))).toBeNull();
    expect((await arrive(externalId)).letIn).toBe(false);
    await expect(
      execute(db.appDb, enablePerson, root({ personId: keep.id }), { personId: ada.id }, why),
    ).rejects.toMatchObject({ code: "E_STATE" });
    await ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: true } }));
    expect((await arrive(externalId)).letIn).toBe(true);
    await execute(db.appDb, disablePerson, root({ personId: keep.id }), { personId: ada.id }, why);
    await ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: false } }));
    await ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: true } }));
    expect((await arrive(externalId)).letIn).toBe(false);
  });

  test("is met by the claim that the settings name, where the subject is another one", async () => {
    const { slug } = await makeTenant(db);
    const { id } = await made({ externalId: "object-id-1" });
    await group(`tocsin-operator-${slug}`, [id]);
    const directory = { claim: "oid", groupsFrom: "scim" } as const;
    const of = (claims: Record<string, unknown>) =>
      personFromClaims({ name: "Ada", ...claims }, ISSUER, "groups", directory);
    expect(await signIn(db.appDb, of({ sub: "pairwise-1", oid: "object-id-1" }), new Date(now))).toBe(true);
    expect(await db.sql("SELECT groups, directory_id FROM person WHERE subject = 'pairwise-1'")).toEqual([
      { groups: [`tocsin-operator-${slug}`], directory_id: "object-id-1" },
    ]);
    // A second subject with the same claim is another person, and the directory says nothing about them.
    expect(await signIn(db.appDb, of({ sub: "pairwise-2", oid: "object-id-1" }), new Date(now))).toBe(true);
    expect(await db.sql("SELECT groups, directory_id FROM person WHERE subject = 'pairwise-2'")).toEqual([
      { groups: [], directory_id: null },
    ]);
    // Nor about somebody whose token has no such claim.
    expect(of({ sub: "object-id-1" }).directoryId).toBeNull();
    await ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: false } }));
    expect(
      await db.sql("SELECT subject FROM person WHERE subject LIKE 'pairwise-%' AND disabled_at IS NOT NULL"),
    ).toEqual([{ subject: "pairwise-1" }]);
  });

  test("keeps its externalId when a full write leaves it out", async () => {
    const { id, externalId } = await made();
    expect((await ask("PUT", `Users/${id}`, { userName: "okta@example.com", active: true })).body).toMatchObject({
      userName: "okta@example.com",
      externalId,
    });
  });

  test("who was switched off before the first sign-in never gets in", async () => {
    const { externalId } = await made({ active: false });
    const ada = await arrive(externalId);
    expect(ada.letIn).toBe(false);
    expect(await viewerOf(db.appDb, ada.token, new Date(now))).toBeNull();
  });

  test("who is taken away is switched off, and a root operator may let them in when the directory knows them no more", async () => {
    const { id, externalId } = await made();
    const ada = await arrive(externalId);
    await ask("DELETE", `Users/${id}`);
    expect(await viewerOf(db.appDb, ada.token, new Date(now))).toBeNull();
    await execute(db.appDb, enablePerson, root(), { personId: ada.id }, why);
    expect(await viewerOf(db.appDb, (await arrive(externalId)).token, new Date(now))).not.toBeNull();
  });
});

describe("an id of ours is no name of theirs", () => {
  test.each<[string, (person: { id: string; email: string }) => Record<string, unknown>]>([
    ["our person's id as externalId", ({ id }) => ({ externalId: id })],
    ["a number", () => ({ externalId: "1" })],
    ["our person's address of e-mail as userName", ({ email }) => ({ userName: email })],
    ["our person's id as userName", ({ id }) => ({ userName: id })],
    ["our person's id as id", ({ id }) => ({ id })],
  ])("%s touches nobody", async (_, more) => {
    const rosa = await arrive(`rosa-${randomUUID()}`, ["tocsin-root"], "token");
    await db.sql("UPDATE person SET email = 'rosa@example.com' WHERE id = $1", [rosa.id]);
    const mallory = await made(more({ id: rosa.id, email: "rosa@example.com" }));
    expect(mallory.id).not.toBe(rosa.id);
    await ask("PATCH", `Users/${mallory.id}`, patch({ op: "replace", value: { active: false } }));
    await ask("DELETE", `Users/${mallory.id}`);
    expect(await db.sql("SELECT disabled_at, groups FROM person WHERE id = $1", [rosa.id])).toEqual([
      { disabled_at: null, groups: ["tocsin-root"] },
    ]);
    for (const method of ["GET", "PATCH", "DELETE"])
      expect(
        (
          await ask(
            method,
            `Users/${rosa.id}`,
            method === "PATCH" ? patch({ op: "replace", value: { active: false } }) : undefined,
          )
        ).status,
      ).toBe(404);
  });

  test("another issuer's person of the same subject is another person", async () => {
    const { id } = await made({ externalId: "same" });
    const other = randomUUID();
    await db.sql(
      "INSERT INTO person (id, issuer, subject, name, directory_id, created_at, last_seen_at) VALUES ($1, 'https://other.example.com', 'same', 'x', 'same', now(), now())",
      [other],
    );
    await ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: false } }));
    expect(await db.sql("SELECT disabled_at FROM person WHERE id = $1", [other])).toEqual([{ disabled_at: null }]);
  });

  test("an externalId stays with its user", async () => {
    const { id } = await made();
    expect(
      (await ask("PATCH", `Users/${id}`, patch({ op: "replace", path: "externalId", value: "somebody-else" }))).body,
    ).toMatchObject({ status: "400", scimType: "mutability" });
  });
});

describe("a group", () => {
  test("decides over its people's layers at their next request, and the token's own groups do not count", async () => {
    const { slug } = await makeTenant(db);
    const { id, externalId } = await made();
    const ada = await arrive(externalId, ["tocsin-root"]);
    expect(await seats(ada.token)).toEqual([]);
    const g = await group(`tocsin-operator-${slug}`, [id]);
    expect(await seats(ada.token)).toEqual(["operator"]);
    await ask(
      "PATCH",
      `Groups/${g.id}`,
      patch({ op: "replace", path: "displayName", value: `tocsin-customer-${slug}` }),
    );
    expect(await seats(ada.token)).toEqual(["customer"]);
    await ask("DELETE", `Groups/${g.id}`);
    expect(await seats(ada.token)).toEqual([]);
  });

  test("is kept and decides nothing when groups come from the token", async () => {
    const { id, externalId } = await made();
    const ada = await arrive(externalId, ["tocsin-auditor"], "token");
    await ask("POST", "Groups", { displayName: "tocsin-root", members: [{ value: id }] }, { groupsFrom: "token" });
    expect(await db.sql("SELECT groups FROM person WHERE id = $1", [ada.id])).toEqual([{ groups: ["tocsin-auditor"] }]);
    expect(await db.sql("SELECT user_id FROM scim_member")).toHaveLength(1);
  });

  test.each<[string, (ids: string[]) => unknown, number[]]>([
    ["Entra ID adds", ([, , c]) => patch({ op: "Add", path: "members", value: [{ value: c }] }), [0, 1, 2]],
    [
      "Okta adds two",
      ([, , c, d]) => patch({ op: "add", path: "members", value: [{ value: c, display: "C" }, { value: d }] }),
      [0, 1, 2, 3],
    ],
    ["Entra ID removes by a filter", ([a]) => patch({ op: "Remove", path: `members[value eq "${a}"]` }), [1]],
    ["Entra ID removes by a value", ([a]) => patch({ op: "Remove", path: "members", value: [{ value: a }] }), [1]],
    ["Okta replaces all", ([, , c]) => patch({ op: "replace", path: "members", value: [{ value: c }] }), [2]],
    ["Okta replaces without a path", ([, , , d]) => patch({ op: "replace", value: { members: [{ value: d }] } }), [3]],
    ["all are removed", () => patch({ op: "remove", path: "members" }), []],
    ["the same is added again", ([a]) => patch({ op: "add", path: "members", value: [{ value: a }] }), [0, 1]],
    [
      "somebody who is not in it is removed",
      ([, , c]) => patch({ op: "remove", path: `members[value eq "${c}"]` }),
      [0, 1],
    ],
  ])("%s", async (_, body, left) => {
    const ids = (await Promise.all([made(), made(), made(), made()])).map((u) => u.id);
    const g = await group("team", ids.slice(0, 2));
    expect((await ask("PATCH", `Groups/${g.id}`, body(ids))).status).toBe(200);
    const rows = await db.sql<{ user_id: string }>("SELECT user_id FROM scim_member WHERE group_id = $1", [g.id]);
    expect(rows.map((r) => r.user_id).sort()).toEqual(left.map((i) => ids[i]).sort());
    expect((await ask("GET", `Groups/${g.id}?excludedAttributes=members`)).body.members).toBeUndefined();
  });

  test("of a thousand people is one write and one row of the log", async () => {
    await db.sql(`INSERT INTO scim_user (id, external_id, user_name, created_at, updated_at)
      SELECT gen_random_uuid(), 'many-' || i, 'many-' || i, now(), now() FROM generate_series(1, 1000) i`);
    const ids = (await db.sql<{ id: string }>("SELECT id FROM scim_user")).map((r) => r.id);
    const before = (await events("scim.group_%")).length;
    const t0 = performance.now();
    const g = await group("everybody", ids);
    expect(
      (
        await ask(
          "PATCH",
          `Groups/${g.id}`,
          patch({ op: "Remove", path: "members", value: ids.slice(0, 500).map((value) => ({ value })) }),
        )
      ).status,
    ).toBe(200);
    expect(performance.now() - t0).toBeLessThan(10_000);
    expect(await db.sql("SELECT count(*)::int AS n FROM scim_member")).toEqual([{ n: 500 }]);
    expect((await events("scim.group_%")).length - before).toBe(2);
  });

  test.each<[string, (g: { id: string }, userId: string) => Promise<Answer>]>([
    ["its group is emptied", (g) => ask("PATCH", `Groups/${g.id}`, patch({ op: "remove", path: "members" }))],
    ["its group is renamed", (g) => ask("PUT", `Groups/${g.id}`, { displayName: "nothing" })],
    ["its group is taken away", (g) => ask("DELETE", `Groups/${g.id}`)],
    ["it is switched off", (_, id) => ask("PATCH", `Users/${id}`, patch({ op: "replace", value: { active: false } }))],
    ["it is taken away", (_, id) => ask("DELETE", `Users/${id}`)],
    [
      "it is made an auditor",
      async (_, id) => ask("POST", "Groups", { displayName: "tocsin-auditor", members: [{ value: id }] }),
    ],
  ])("the last root operator stays when %s: 409 and a row", async (_, what) => {
    const { id, externalId } = await made();
    const g = await group("tocsin-root", [id]);
    const rosa = await arrive(externalId);
    expect(await seats(rosa.token)).toEqual(["root,operator"]);
    const before = (await events("access.refused")).length;
    expect((await what(g, id)).status).toBe(409);
    expect(await seats(rosa.token)).toEqual(["root,operator"]);
    expect((await events("access.refused")).slice(before)).toMatchObject([
      { actor: tokenId, body: expect.stringContaining("E_LAST_ROOT") },
    ]);
  });

  test("of two writes that each take one of the last two root operators, one is refused", async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await made(), await made()];
      const [ga, gb] = [await group(`root-a${round}`, [a.id]), await group(`root-b${round}`, [b.id])];
      for (const name of [`root-a${round}`, `root-b${round}`])
        await db.sql(
          "INSERT INTO role_binding (id, pattern, layer, reason, created_at) VALUES (gen_random_uuid(), $1, 'root', 'test', now())",
          [name],
        );
      await Promise.all([arrive(a.externalId), arrive(b.externalId)]);
      const answers = await Promise.all([
        ask("DELETE", `Groups/${ga.id}`),
        ask("PATCH", `Users/${b.id}`, patch({ op: "replace", value: { active: false } })),
      ]);
      expect(answers.map((x) => x.status).sort()).toEqual(expect.arrayContaining([409]));
      expect(answers.filter((x) => x.status === 409)).toHaveLength(1);
      await db.sql("DELETE FROM role_binding WHERE pattern LIKE 'root-%'");
      expect(gb.id).toBeTruthy();
    }
  });
});

describe("questions", () => {
  test("are answered a page at a time, counted from one", async () => {
    for (let i = 0; i < 5; i++) await made();
    expect((await ask("GET", "Users?startIndex=2&count=2")).body).toMatchObject({
      totalResults: 5,
      startIndex: 2,
      itemsPerPage: 2,
    });
    expect((await ask("GET", "Users?startIndex=5&count=9")).body).toMatchObject({ totalResults: 5, itemsPerPage: 1 });
    expect((await ask("GET", "Users?startIndex=-4&count=0")).body).toMatchObject({
      totalResults: 5,
      startIndex: 1,
      itemsPerPage: 0,
      Resources: [],
    });
    expect((await ask("GET", "Users?count=x")).status).toBe(400);
  });

  test.each<[string, number]>([
    ['userName eq "ada_@example.com"', 0],
    ['userName eq "%"', 0],
    ['externalId eq "q-1" and active eq true', 1],
    ['externalId eq "q-1" and active eq false', 0],
    ['EXTERNALID Eq "q-1"', 1],
    ['id eq "1"', 0],
  ])("%s finds %i", async (filter, found) => {
    await made({ externalId: "q-1" });
    expect((await ask("GET", `Users?filter=${encodeURIComponent(filter)}`)).body.totalResults).toBe(found);
  });

  test.each([
    'userName co "a"',
    'userName eq "a" or userName eq "b"',
    'not (userName eq "a")',
    "(",
    "userName eq",
    '__proto__ eq "x"',
    'constructor eq "x"',
    'externalId eq "1" or 1 eq 1',
    'userName eq "a\u0000"',
    'password eq "x"',
    `userName eq "${"x".repeat(2000)}"`,
    "userName eq 5",
    'emails[type eq "work"].value eq "a"',
  ])("%s is refused by name", async (filter) => {
    expect((await ask("GET", `Users?filter=${encodeURIComponent(filter)}`)).body).toMatchObject({
      status: "400",
      scimType: "invalidFilter",
    });
  });

  test("what this is can be asked, and says only what is built", async () => {
    expect((await ask("GET", "ServiceProviderConfig")).body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true },
    });
    expect((await ask("GET", "ResourceTypes")).body.Resources.map((r: { id: string }) => r.id)).toEqual([
      "User",
      "Group",
    ]);
    const schemas = (await ask("GET", "Schemas")).body.Resources as { id: string; attributes: { name: string }[] }[];
    expect(schemas[0]?.attributes.map((a) => a.name).sort()).toEqual([
      "active",
      "displayName",
      "emails",
      "name",
      "userName",
    ]);
  });
});

describe("hostile input has its answer, and writes nothing", () => {
  const self = '{"userName":"x","externalId":"x"';
  test.each<[string, string, string, unknown, number]>([
    ["no JSON", "POST", "Users", "{", 400],
    ["a list", "POST", "Users", "[]", 400],
    ["nothing", "POST", "Users", "", 400],
    ["a part of every object", "POST", "Users", `${self},"__proto__":{"active":true}}`, 400],
    ["one deeper down", "POST", "Users", `${self},"name":{"constructor":{"prototype":1}}}`, 400],
    ["depth", "POST", "Users", `${self},"name":${"[".repeat(5000)}${"]".repeat(5000)}}`, 400],
    ["a NUL", "POST", "Users", { userName: "a\u0000b", externalId: "x" }, 400],
    ["control characters in a key", "POST", "Users", { userName: "a\u001b[31mb", externalId: "x" }, 400],
    ["a line turned around in a key", "POST", "Users", { userName: "a\u202eb", externalId: "x" }, 400],
    ["a lone surrogate", "POST", "Users", '{"userName":"a\\ud800","externalId":"x"}', 400],
    ["no externalId", "POST", "Users", { userName: "a" }, 400],
    ["an empty externalId", "POST", "Users", { userName: "a", externalId: " " }, 400],
    ["an externalId that is a number", "POST", "Users", { userName: "a", externalId: 1 }, 400],
    ["a userName of a kilobyte", "POST", "Users", { userName: "a".repeat(1024), externalId: "x" }, 400],
    ["active as a list", "POST", "Users", { userName: "a", externalId: "x", active: [] }, 400],
    ["e-mail as text", "POST", "Users", { userName: "a", externalId: "x", emails: "a@b" }, 400],
    ["a reserved group", "POST", "Groups", { displayName: "tocsin:break-glass" }, 400],
    ["members as text", "POST", "Groups", { displayName: "g", members: "all" }, 400],
    ["a member that is no id", "POST", "Groups", { displayName: "g", members: [{ value: "1" }] }, 400],
    ["a member that is nobody", "POST", "Groups", { displayName: "g", members: [{ value: randomUUID() }] }, 400],
    [
      "a group in a group",
      "POST",
      "Groups",
      { displayName: "g", members: [{ value: randomUUID(), type: "Group" }] },
      400,
    ],
    ["a group without a name", "POST", "Groups", { displayName: "" }, 400],
    ["an id that is none", "GET", "Users/1", undefined, 404],
    ["an id with SQL in it", "GET", "Users/'%20OR%201=1", undefined, 404],
    ["an address further down", "GET", `Users/${randomUUID()}/x`, undefined, 404],
    ["an address that is none", "GET", "Me", undefined, 404],
    ["a part of every object as an address", "GET", "constructor", undefined, 404],
    ["another method", "DELETE", "Users", undefined, 405],
    ["a patch of everything", "PATCH", "Users", patch(), 405],
    ["a change to what it says of itself", "POST", "Schemas", {}, 405],
  ])("%s", async (_, method, address, body, status) => {
    const [before] = await db.sql("SELECT count(*)::int AS n FROM audit.event");
    expect(await ask(method, address, body)).toMatchObject({
      status,
      body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status) },
    });
    expect(await db.sql("SELECT count(*)::int AS n FROM audit.event")).toEqual([before]);
  });

  test.each<[string, unknown]>([
    ["no operation", patch()],
    ["too many", patch(...Array.from({ length: 1001 }, () => ({ op: "replace", path: "active", value: true })))],
    ["an op that is none", patch({ op: "move", path: "active" })],
    ["an op that is no text", patch({ op: {} })],
    ["no object", patch("replace")],
    ["a remove without a path", patch({ op: "remove" })],
    ["our id", patch({ op: "replace", path: "id", value: randomUUID() })],
    ["a path of brackets", patch({ op: "replace", path: "[[[[", value: 1 })],
    ["a filter that is none", patch({ op: "replace", path: "name[", value: 1 })],
    ["the userName gone", patch({ op: "remove", path: "userName" })],
    ["active as text", patch({ op: "replace", path: "active", value: "maybe" })],
    ["a name that is a number", patch({ op: "replace", path: "name", value: 7 })],
    ["a part of every object as a path", patch({ op: "replace", path: "name.__proto__", value: { x: 1 } })],
  ])("a patch with %s", async (_, body) => {
    const one = await made();
    const before = (await ask("GET", `Users/${one.id}`)).body;
    const { status } = await ask("PATCH", `Users/${one.id}`, body);
    expect(status).toBe(400);
    expect((await ask("GET", `Users/${one.id}`)).body).toEqual(before);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test("the same person twice is a conflict, also when both are sent at once", async () => {
    const body = user();
    const answers = await Promise.all([
      ask("POST", "Users", body),
      ask("POST", "Users", body),
      ask("POST", "Users", { ...body, externalId: "other", userName: body.userName.toUpperCase() }),
    ]);
    expect(answers.map((a) => a.status).sort()).toEqual([201, 409, 409]);
    expect(answers.find((a) => a.status === 409)?.body).toMatchObject({ scimType: "uniqueness" });
  });
});

describe("a token", () => {
  test.each<[string, () => Promise<string>]>([
    ["unknown", async () => "scim_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    ["empty", async () => ""],
    [
      "its own hash",
      async () => (await db.sql<{ h: string }>("SELECT encode(token_hash, 'hex') AS h FROM scim_token"))[0]?.h ?? "",
    ],
    [
      "taken back",
      async () => {
        const made = await execute(db.appDb, makeScimToken, root(), { name: "x", days: "1" }, why);
        await execute(db.appDb, revokeScimToken, root(), { tokenId: made.id }, why);
        return made.token;
      },
    ],
    [
      "over",
      async () => {
        const made = await execute(db.appDb, makeScimToken, root(), { name: "x", days: "1" }, why);
        await db.sql(
          "UPDATE scim_token SET created_at = $2::timestamptz - interval '1 day', expires_at = $2 WHERE id = $1",
          [made.id, new Date(now)],
        );
        return made.token;
      },
    ],
  ])("that is %s opens nothing, and the try is a row", async (_, of) => {
    const given = await of();
    const before = (await events("scim.refused")).length;
    for (const [method, address] of [
      ["GET", "Users"],
      ["GET", "ServiceProviderConfig"],
      ["POST", "Users"],
    ] as const)
      expect((await ask(method, address, method === "POST" ? user() : undefined, { bearer: given })).status).toBe(401);
    expect((await events("scim.refused")).length - before).toBe(3);
  });

  test("says when it was last used, at most once a minute", async () => {
    const used = async () =>
      (
        await db.sql<{ at: Date }>("SELECT last_used_at AS at FROM scim_token WHERE id = $1", [tokenId])
      )[0]?.at.getTime();
    now += 120_000;
    await ask("GET", "Users");
    expect(await used()).toBe(now);
    now += 59_000;
    await ask("GET", "Users");
    expect(await used()).toBe(now - 59_000);
  });

  test("holds for a year at most, and only root operators make one", async () => {
    await expect(execute(db.appDb, makeScimToken, root(), { name: "x", days: "366" }, why)).rejects.toMatchObject({
      code: "E_INVALID",
      field: "days",
    });
    for (const layers of [["auditor"], ["operator"], ["customer"]] as const)
      await expect(
        execute(db.appDb, makeScimToken, root({ layers }), { name: "x", days: "1" }, why),
      ).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    const tables = await db.sql("SELECT to_jsonb(t) FROM scim_token t");
    expect(JSON.stringify(tables)).not.toContain(bearer.slice(5));
  });
});

test("a null in a list, or in a list's place, names nothing and is no fault of ours", async () => {
  const { id } = await made({ emails: [null, { value: "ada@example.com" }] });
  expect((await ask("GET", `Users/${id}`)).body.emails).toMatchObject([{ value: "ada@example.com" }]);
  expect((await ask("PATCH", `Users/${id}`, patch({ op: "replace", path: "emails", value: null }))).status).toBe(200);
  expect((await ask("GET", `Users/${id}`)).body.emails).toBeUndefined();
  const { id: team } = await group("a-team", [id]);
  for (const value of [null, [null]]) {
    const { status, body } = await ask("PATCH", `Groups/${team}`, patch({ op: "replace", path: "members", value }));
    expect([status, body.members]).toEqual([200, []]);
  }
});

const bare = { method: "GET", path: ["Users"], query: new URLSearchParams(), body: null, from: "192.0.2.20" };
const SETTINGS: ScimSettings = { issuer: ISSUER, groupsFrom: "scim", base: "https://tocsin.example.com/api/scim/v2" };

test("a stranger who comes too often is counted before the log is written, and fills it no more", async () => {
  const before = (await events("scim.refused")).length;
  let left = 2;
  const stranger = async () => {
    if (left-- <= 0) throw new TocsinError("E_RATE_LIMITED", "Too many tries from here.");
  };
  const come = (given: string) => serveScim(db.appDb, SETTINGS, { ...bare, bearer: given, stranger });
  for (let n = 0; n < 2; n++) expect((await come(`scim_${"x".repeat(43)}`)).status).toBe(401);
  for (let n = 0; n < 3; n++)
    await expect(come(`scim_${"x".repeat(43)}`)).rejects.toMatchObject({ code: "E_RATE_LIMITED" });
  expect((await events("scim.refused")).length - before).toBe(2);
  expect((await come(bearer)).status).toBe(200);
});

test("a database that does not take it is said to be away, and the directory sends it again", async () => {
  const busy = { ...db.appDb, withTenant: () => Promise.reject(Object.assign(new Error("held"), { code: "57014" })) };
  const sent = { ...bare, method: "POST", body: JSON.stringify(user()), bearer };
  await expect(serveScim(busy, SETTINGS, sent)).rejects.toMatchObject({ code: "E_UNAVAILABLE", retryAfterS: 30 });
});
