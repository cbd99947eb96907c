// A role that was taken away at the provider is felt within five minutes, and a provider that is away takes nothing
// from who is on call: first all goes on, then reading, then nothing. The clock is moved, the provider is real HTTP.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Db, PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import { askAgain, type Asked, forgetIdentityProvider } from "#lib/adapters/oidc";
import { type SecretBox, secretBox } from "#lib/adapters/secrets";
import { personByIdentity, viewerOf } from "#lib/queries/session";
import { TocsinError } from "#lib/domain/error";
import { GROUPS_MAX_AGE_MS, GROUPS_READ_MS, GROUPS_WRITE_MS } from "#lib/domain/session";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { type TestProvider, testProvider } from "../../testing/identity-provider.ts";
import { makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import { authorise } from "../command.ts";
import { keepFresh, type FreshSettings } from "./keep-fresh.ts";
import { personFromClaims, signIn } from "./sign-in.ts";
import { startSession } from "./start.ts";

let db: TestDatabase;
let idp: TestProvider;
let forgetKey: () => void;
const box: SecretBox = secretBox(Buffer.alloc(32, 7));
const start = new Date("2026-11-21T08:00:00Z");
const at = (ms: number) => new Date(start.getTime() + ms);

beforeAll(async () => {
  db = await testDatabase();
  idp = await testProvider("test");
  forgetKey = testSettings(db);
  process.env.OIDC_ISSUER = idp.issuer;
});
afterAll(async () => {
  await idp.close();
  await db.close();
  forgetKey();
});
afterEach(() => {
  idp.down = false;
});

let n = 0;

/** Somebody of a tenant of their own, signed in with a refresh token of the provider. */
async function signedIn(options: { withoutRefresh?: boolean } = {}) {
  const { slug } = await makeTenant(db);
  const sub = `fresh-${++n}`;
  const groups = [`tocsin-operator-${slug}`];
  const tokens = (await (
    await fetch(`${idp.issuer}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "authorization_code", code: idp.code({ sub, groups }) }),
    })
  ).json()) as { refresh_token: string };
  await signIn(db.appDb, personFromClaims({ sub, groups }, idp.issuer, "groups"), start);
  const personId = (await personByIdentity(db.appDb, idp.issuer, sub))?.id ?? "";
  const token = `token-${sub}`;
  const refreshToken = options.withoutRefresh ? null : tokens.refresh_token;
  await startSession(db.appDb, { token, personId, userAgent: "t", refreshToken }, start, box);
  return { token, sub, personId, groups };
}

const settings = (ask: (refreshToken: string) => Promise<Asked> = askAgain): FreshSettings => ({
  issuer: idp.issuer,
  person: (claims) => personFromClaims(claims, idp.issuer, "groups"),
  box,
  ask,
});
const fresh = (token: string, now: Date, more?: Partial<FreshSettings>) =>
  keepFresh(db.appDb, token, now, { ...settings(), ...more });
const seatsOf = async (token: string, now: Date) => (await viewerOf(db.appDb, token, now))?.seats.length;
const rowsOf = (personId: string, action: string) =>
  db.sql<{ body: string }>("SELECT body FROM audit.event WHERE target = $1 AND action = $2", [
    `person:${personId}`,
    action,
  ]);

test("a role taken away at the provider is gone at the first request after five minutes, with its row in the log", async () => {
  const { token, sub, personId, groups } = await signedIn();
  idp.refreshes.set(sub, { groups: [] });
  const before = idp.asked.refreshes;
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS - 1))).toBe("fresh");
  expect([await seatsOf(token, at(1)), idp.asked.refreshes - before]).toEqual([1, 0]);
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS))).toBe("fresh");
  expect(await seatsOf(token, at(GROUPS_MAX_AGE_MS))).toBe(0);
  const [row] = await rowsOf(personId, "person.groups_changed");
  expect(JSON.parse(row?.body ?? "")).toEqual({ before: groups, after: [] });
});

test("the provider is asked again and again, each time with the refresh token it gave last", async () => {
  const { token, sub } = await signedIn();
  for (let turn = 1; turn <= 3; turn++) expect(await fresh(token, at(turn * GROUPS_MAX_AGE_MS))).toBe("fresh");
  idp.refreshes.set(sub, null);
  expect(await fresh(token, at(4 * GROUPS_MAX_AGE_MS))).toBe("over");
});

test("what the provider took back ends the session at the next request, with its row", async () => {
  const { token, sub, personId } = await signedIn();
  idp.refreshes.set(sub, null);
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS))).toBe("over");
  expect(await viewerOf(db.appDb, token, at(GROUPS_MAX_AGE_MS))).toBeNull();
  expect(await rowsOf(personId, "session.ended")).toHaveLength(1);
});

test("a refresh that names somebody else ends the session", async () => {
  const { token, sub, groups } = await signedIn();
  idp.refreshes.set(sub, { groups, sub: "another" });
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS))).toBe("over");
});

test("without a refresh token the session ends when its groups are too old to count", async () => {
  const { token } = await signedIn({ withoutRefresh: true });
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS - 1))).toBe("fresh");
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS))).toBe("over");
});

describe("while the provider does not answer", () => {
  test.each<[what: string, age: number, stands: string]>([
    ["all goes on at first", GROUPS_MAX_AGE_MS, "fresh"],
    ["to the last moment of a quarter of an hour", GROUPS_WRITE_MS - 1, "fresh"],
    ["then only reading does", GROUPS_WRITE_MS, "reads"],
    ["to the last moment of an hour", GROUPS_READ_MS - 1, "reads"],
    ["then nothing", GROUPS_READ_MS, "over"],
  ])("%s", async (_, age, stands) => {
    const { token } = await signedIn();
    idp.down = true;
    forgetIdentityProvider();
    expect(await fresh(token, at(age))).toBe(stands);
  });

  test("it is asked again when it is back, and until then not by every request", async () => {
    const { token } = await signedIn();
    let asked = 0;
    const ask = async (): Promise<Asked> => {
      asked++;
      return { is: "unknown", detail: "" };
    };
    for (const ms of [0, 1_000, 10_000]) await fresh(token, at(GROUPS_MAX_AGE_MS + ms), { ask });
    expect(asked).toBe(1);
    expect(await fresh(token, at(GROUPS_MAX_AGE_MS + 30_000))).toBe("fresh");
    expect(idp.asked.refreshes).toBeGreaterThan(0);
    expect(await fresh(token, at(GROUPS_MAX_AGE_MS + 31_000), { ask })).toBe("fresh");
    expect(asked).toBe(1);
  });
});

test("a key service that is away keeps nobody out: who is in stays in, and who comes gets in", async () => {
  const away = () => Promise.reject(new TocsinError("E_UNAVAILABLE", "The key service did not answer."));
  const { token, personId } = await signedIn();
  const asked = idp.asked.refreshes;
  expect(await fresh(token, at(GROUPS_MAX_AGE_MS), { box: { ...box, open: away } })).toBe("fresh");
  expect(await seatsOf(token, at(GROUPS_MAX_AGE_MS))).toBe(1);
  expect(idp.asked.refreshes).toBe(asked);
  const next = { token: "token-while-away", personId, userAgent: "t", refreshToken: "r" };
  await startSession(db.appDb, next, start, { ...box, seal: away });
  expect(await seatsOf(next.token, start)).toBe(1);
});

test("who may only read for now changes nothing, and is told why", async () => {
  const actor = { personId: WORKER_ACTOR, name: "A", tenantId: PLATFORM_TENANT, layers: ["operator"] } as const;
  await expect(authorise(db.appDb, "server.read", { ...actor, readsOnly: true })).resolves.toBeUndefined();
  await expect(authorise(db.appDb, "server.register", actor)).resolves.toBeUndefined();
  await expect(authorise(db.appDb, "server.register", { ...actor, readsOnly: true })).rejects.toMatchObject({
    code: "E_UNAVAILABLE",
  });
});

test("twenty requests at once ask the provider once, and none goes on with old groups", async () => {
  const { token, sub } = await signedIn();
  idp.refreshes.set(sub, { groups: [] });
  const before = idp.asked.refreshes;
  const now = at(GROUPS_MAX_AGE_MS);
  const seats = await Promise.all(
    Array.from({ length: 20 }, async () => {
      await fresh(token, now);
      return seatsOf(token, now);
    }),
  );
  expect(new Set(seats)).toEqual(new Set([0]));
  expect(idp.asked.refreshes - before).toBe(1);
});

test("a refresh token that another process has used meanwhile is not used again", async () => {
  const { token } = await signedIn();
  const before = idp.asked.refreshes;
  vi.resetModules(); // A copy of the module knows nothing of what this one has under way, as in another process.
  const other = (await import("./keep-fresh.ts")).keepFresh;
  expect(other).not.toBe(keepFresh);
  let read = false;
  const slow: Db = {
    ...db.appDb,
    async global(fn) {
      const found = await db.appDb.global(fn);
      if (!read) {
        read = true;
        await other(db.appDb, token, at(GROUPS_MAX_AGE_MS), settings());
      }
      return found;
    },
  };
  expect(await keepFresh(slow, token, at(GROUPS_MAX_AGE_MS), settings())).toBe("fresh");
  expect(idp.asked.refreshes - before).toBe(1);
});

test("what another process is asking is waited for, and its answer counts", async () => {
  const { token, personId } = await signedIn();
  const now = at(GROUPS_MAX_AGE_MS);
  await db.sql("UPDATE session SET groups_asked_at = $2 WHERE person_id = $1", [personId, now]);
  const waiting = fresh(token, now, { ask: () => Promise.reject(new Error("asked twice")) });
  await db.sql("UPDATE session SET groups_checked_at = $2, groups_asked_at = NULL WHERE person_id = $1", [
    personId,
    now,
  ]);
  expect(await waiting).toBe("fresh");
});
