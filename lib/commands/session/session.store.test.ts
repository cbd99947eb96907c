// Who is signed in: by hash, for a time, in the tenants their groups name, and no longer than they may.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { personByIdentity, viewerOf } from "#lib/queries/session";
import { ownSessions } from "#lib/queries/own-sessions";
import { SESSION_ABSOLUTE_MS, SESSION_IDLE_MS } from "#lib/domain/session";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { chooseTenant } from "./choose-tenant.ts";
import { endSession } from "./end.ts";
import { endOwnSessions } from "./end-own.ts";
import { personFromClaims, signIn } from "./sign-in.ts";
import { startSession } from "./start.ts";
import { touchSession } from "./touch.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const start = new Date("2026-11-21T08:00:00Z");
const at = (ms: number) => new Date(start.getTime() + ms);
const ISSUER = "https://idp.example.com";
let n = 0;

async function signedIn(groups: string[]): Promise<{ token: string; personId: string; subject: string }> {
  const subject = `person-${++n}`;
  await signIn(db.appDb, personFromClaims({ sub: subject, name: "Ada", groups }, ISSUER, "groups"), start);
  const person = await personByIdentity(db.appDb, ISSUER, subject);
  const token = `token-of-${subject}`;
  await startSession(db.appDb, { token, personId: person?.id ?? "", userAgent: "test" }, start);
  return { token, personId: person?.id ?? "", subject };
}

test("a token opens its session by hash, and the token itself is nowhere in the row", async () => {
  const { slug } = await makeTenant(db);
  const { token } = await signedIn([`tocsin-operator-${slug}`]);
  expect(await viewerOf(db.appDb, token, start)).toMatchObject({ name: "Ada", seat: { slug, layers: ["operator"] } });
  expect(await viewerOf(db.appDb, `${token}x`, start)).toBeNull();
  expect(
    JSON.stringify(await db.sql("SELECT id, encode(token_hash, 'escape') AS h, user_agent FROM session")),
  ).not.toContain(token);
});

describe("a session ends by itself", () => {
  test.each([
    ["idle a moment too long", SESSION_IDLE_MS, null],
    ["active to the last, past twelve hours", SESSION_ABSOLUTE_MS, SESSION_ABSOLUTE_MS - 1000],
  ])("%s", async (_, now, touchedAt) => {
    const { token } = await signedIn(["tocsin-auditor"]);
    const before = await viewerOf(db.appDb, token, start);
    if (touchedAt !== null) await touchSession(db.appDb, before?.sessionId ?? "", at(touchedAt));
    expect(await viewerOf(db.appDb, token, at(now - 1))).not.toBeNull();
    expect(await viewerOf(db.appDb, token, at(now))).toBeNull();
  });
});

test("signing out makes the token worthless and is in the log", async () => {
  const { token, personId } = await signedIn(["tocsin-auditor"]);
  await endSession(db.appDb, token, at(1000));
  await endSession(db.appDb, token, at(2000));
  expect(await viewerOf(db.appDb, token, at(3000))).toBeNull();
  const log = await db.sql<{ action: string }>("SELECT action FROM audit.event WHERE target = $1 ORDER BY at", [
    `person:${personId}`,
  ]);
  expect(log.map((r) => r.action)).toEqual(["session.sign_in", "session.sign_out"]);
});

test("groups hold as of the newest sign-in: who lost theirs has no seat left", async () => {
  const { slug } = await makeTenant(db);
  const { token, subject } = await signedIn([`tocsin-operator-${slug}`]);
  await signIn(db.appDb, personFromClaims({ sub: subject, name: "Ada", groups: [] }, ISSUER, "groups"), at(1000));
  expect(await viewerOf(db.appDb, token, at(2000))).toMatchObject({ seat: null, seats: [] });
});

test("a group that no database keeps is no group, and stops nobody", async () => {
  const { token } = await signedIn(["tocsin-auditor", "tocsin\0root"]);
  expect((await viewerOf(db.appDb, token, start))?.seat?.layers).toEqual(["auditor"]);
});

test("a disabled person is refused at sign-in and in a session that runs", async () => {
  const { token, personId, subject } = await signedIn(["tocsin-auditor"]);
  await db.sql("UPDATE person SET disabled_at = now() WHERE id = $1", [personId]);
  expect(await viewerOf(db.appDb, token, start)).toBeNull();
  expect(await signIn(db.appDb, personFromClaims({ sub: subject }, ISSUER, "groups"), start)).toBe(false);
});

test("one looks at a tenant only where one has a seat", async () => {
  const mine = await makeTenant(db);
  const second = await makeTenant(db);
  const foreign = await makeTenant(db);
  const { token } = await signedIn([`tocsin-operator-${mine.slug}`, `tocsin-customer-${second.slug}`]);
  const viewer = await viewerOf(db.appDb, token, start);
  if (viewer === null) throw new Error("no session");
  await chooseTenant(db.appDb, viewer, second.id);
  expect((await viewerOf(db.appDb, token, start))?.seat).toMatchObject({ id: second.id, layers: ["customer"] });
  await expect(chooseTenant(db.appDb, viewer, foreign.id)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  for (const none of ["", "null", "' OR 1=1 --"])
    await expect(chooseTenant(db.appDb, viewer, none)).rejects.toMatchObject({ code: "E_TENANT" });
});

describe("claims are hostile", () => {
  test.each([
    ["groups that are no list", { sub: "s", groups: "tocsin-root" }, { groups: [] }],
    ["groups with other things in them", { sub: "s", groups: ["a", 1, null, "a"] }, { groups: ["a"] }],
    ["an unverified address", { sub: "s", email: "a@b.example", email_verified: false }, { email: null }],
    ["a name that turns the line around", { sub: "s", name: "A\u202Eda\n" }, { name: "A da" }],
    ["no name at all", { sub: "s" }, { name: "s" }],
  ])("%s", (_, claims, person) => expect(personFromClaims(claims, ISSUER, "groups")).toMatchObject(person));

  test("a groups claim named like a part of every object is read from the claims alone", () => {
    expect(personFromClaims({ sub: "s" }, ISSUER, "constructor").groups).toEqual([]);
  });
});

describe("one's own sessions", () => {
  async function three() {
    const { token, personId, subject } = await signedIn(["tocsin-auditor"]);
    for (const name of ["second", "third"])
      await startSession(db.appDb, { token: `${name}-${subject}`, personId, userAgent: "test", address: "::1" }, start);
    const viewer = await viewerOf(db.appDb, token, start);
    if (viewer === null) throw new Error("no session");
    return { token, personId, subject, viewer };
  }

  test("are listed while they hold, and only one's own", async () => {
    const { personId, viewer } = await three();
    await three();
    const sessions = await ownSessions(db.appDb, personId, start);
    expect(sessions).toHaveLength(3);
    expect(sessions.map((s) => s.id)).toContain(viewer.sessionId);
    expect(await ownSessions(db.appDb, personId, at(SESSION_IDLE_MS))).toEqual([]);
  });

  test("one ends, or all others, each with its row; another's is not found", async () => {
    const { token, personId, subject, viewer } = await three();
    const stranger = await three();
    await expect(endOwnSessions(db.appDb, viewer, stranger.viewer.sessionId, at(1), "")).rejects.toMatchObject({
      code: "E_NOT_FOUND",
    });
    const second = await viewerOf(db.appDb, `second-${subject}`, start);
    expect(await endOwnSessions(db.appDb, viewer, second?.sessionId ?? "", at(1), "198.51.100.7")).toBe(1);
    expect(await viewerOf(db.appDb, `second-${subject}`, at(2))).toBeNull();
    expect(await endOwnSessions(db.appDb, viewer, "others", at(1), "198.51.100.7")).toBe(1);
    expect(await viewerOf(db.appDb, token, at(2))).not.toBeNull();
    expect(await viewerOf(db.appDb, stranger.token, at(2))).not.toBeNull();
    const rows = await db.sql("SELECT 1 FROM audit.event WHERE action = 'session.ended' AND target = $1", [
      `person:${personId}`,
    ]);
    expect(rows).toHaveLength(2);
  });
});
