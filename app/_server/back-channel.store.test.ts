// Who signs out at the identity provider is signed out here, by its word alone and by each word once.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type TestDatabase, testDatabase } from "../../lib/testing/database.ts";
import { type Claims, type Grant, type TestProvider, testProvider } from "../../lib/testing/identity-provider.ts";
import { testSettings } from "../../lib/testing/settings.ts";

vi.mock("server-only", () => ({}));

let db: TestDatabase;
let idp: TestProvider;
let hear: typeof import("./back-channel.ts").hearLogout;
let start: typeof import("../../lib/commands/session/start.ts").startSession;
let forgetKey: () => void;

beforeAll(async () => {
  db = await testDatabase();
  idp = await testProvider("test");
  forgetKey = testSettings(db);
  Object.assign(process.env, { OIDC_ISSUER: idp.issuer, DATABASE_URL_APP: db.appUrl, LOG_LEVEL: "fatal" });
  ({ hearLogout: hear } = await import("./back-channel.ts"));
  ({ startSession: start } = await import("../../lib/commands/session/start.ts"));
});
afterAll(async () => {
  await (await import("./db.ts")).db().close();
  await idp.close();
  await db.close();
  forgetKey();
});

let n = 0;
/** Somebody with two sessions, each of a session of its own at the provider. */
async function twice() {
  const { personFromClaims, signIn } = await import("../../lib/commands/session/sign-in.ts");
  const { personByIdentity } = await import("../../lib/queries/session.ts");
  const sub = `out-${++n}`;
  await signIn(db.appDb, personFromClaims({ sub }, idp.issuer, "groups"), new Date());
  const personId = (await personByIdentity(db.appDb, idp.issuer, sub))?.id ?? "";
  for (const sid of [`${sub}-a`, `${sub}-b`])
    await start(db.appDb, { token: sid, personId, userAgent: "t", idpSid: sid }, new Date());
  const left = async () =>
    (
      await db.sql<{ sid: string }>("SELECT idp_sid AS sid FROM session WHERE person_id = $1 ORDER BY 1", [personId])
    ).map((row) => row.sid);
  return { sub, personId, left };
}

const say = (token: string) =>
  hear(
    new Request("http://127.0.0.1:3000/api/back-channel-logout", {
      method: "POST",
      body: new URLSearchParams({ logout_token: token }),
    }),
  );

test("a sid ends that one session, a sub all of the person's, each with its row", async () => {
  const { sub, personId, left } = await twice();
  const other = await twice();
  expect((await say(idp.logoutToken((c) => ({ ...c, sid: `${sub}-a` })))).status).toBe(200);
  expect(await left()).toEqual([`${sub}-b`]);
  expect((await say(idp.logoutToken((c) => ({ ...c, sub })))).status).toBe(200);
  expect(await left()).toEqual([]);
  expect(await other.left()).toHaveLength(2);
  const rows = await db.sql("SELECT 1 FROM audit.event WHERE action = 'session.ended' AND target = $1", [
    `person:${personId}`,
  ]);
  expect(rows).toHaveLength(2);
});

test("the same word a second time is refused", async () => {
  const { sub, personId, left } = await twice();
  const token = idp.logoutToken((c) => ({ ...c, sub }));
  expect((await say(token)).status).toBe(200);
  await start(db.appDb, { token: `${sub}-later`, personId, userAgent: "t", idpSid: "later" }, new Date());
  expect((await say(token)).status).toBe(400);
  expect(await left()).toEqual(["later"]);
});

describe("a word that does not hold ends nothing, and is in the log", () => {
  const second = () => Math.floor(Date.now() / 1000);
  test.each<[what: string, claims: (c: Claims) => Claims, how?: Grant["sign"]]>([
    ["of another issuer", (c) => ({ ...c, iss: "https://evil.example" })],
    ["for another audience", (c) => ({ ...c, aud: "another" })],
    ["with a nonce, so an ID token", (c) => ({ ...c, nonce: "n" })],
    ["without the event", ({ events: _, ...c }) => c],
    ["with another event", (c) => ({ ...c, events: { "https://evil.example": {} } })],
    ["without an id of its own", ({ jti: _, ...c }) => c],
    ["about nobody", ({ sub: _, ...c }) => c],
    ["ten minutes old", (c) => ({ ...c, iat: second() - 600 })],
    ["ten minutes from now", (c) => ({ ...c, iat: second() + 600 })],
    ["expired", (c) => ({ ...c, exp: second() - 60 })],
    ["that nobody signed", (c) => c, "none"],
    ["signed with the public key as a secret", (c) => c, "HS256 with the public key"],
    ["signed with a key that is not the provider's", (c) => c, "RS256 with another key"],
  ])("%s", async (_, claims, how) => {
    const { sub, left } = await twice();
    const before = await db.sql("SELECT 1 FROM audit.event WHERE action = 'session.refused'");
    const answer = await say(idp.logoutToken((c) => claims({ ...c, sub }), how));
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, "E_ID_TOKEN"]);
    expect(await left()).toHaveLength(2);
    expect(await db.sql("SELECT 1 FROM audit.event WHERE action = 'session.refused'")).toHaveLength(before.length + 1);
  });

  test("and none at all is refused as no question", async () => {
    expect((await say("")).status).toBe(422);
  });
});
