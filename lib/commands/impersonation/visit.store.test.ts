// Looking into a tenant as one of its people: half an hour by the database's clock, one session of one browser, never
// more than the person looked as may, and its end at the next request whatever ends it.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { carryOut, contextOf, execute } from "#lib/commands/command";
import { registerServer } from "#lib/commands/server/register";
import { endSession } from "#lib/commands/session/end";
import { endVisit } from "#lib/commands/impersonation/end-row";
import type { Notice, NoticeContent } from "#lib/domain/notice";
import { ACTIONS, may, ruleOf } from "#lib/domain/permissions";
import { visitsWaiting } from "#lib/queries/impersonation";
import { standingOf, type Viewer, viewerOf } from "#lib/queries/session";
import { visits } from "#lib/queries/visits";
import { emailText } from "#lib/sinks/email-message";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeSink, makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import {
  aHouse,
  actorOf,
  aPerson,
  ask,
  cookieOf,
  type House,
  type SignedIn,
  shows,
  signedIn,
  WHY,
} from "../../testing/visits.ts";
import { authorise } from "../command.ts";
import { approveVisit } from "./approve.ts";
import { beginVisit } from "./begin.ts";
import type { Begun } from "./begin-row.ts";
import { endVisitOfStaff } from "./end.ts";
import { leaveVisit } from "./leave.ts";
import { recordVisitRequest } from "./record.ts";
import { revokeVisit } from "./revoke.ts";
import { type Asked, startVisit } from "./start.ts";
import { visiting } from "./visiting.ts";

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

async function asks(house: House, who: SignedIn, more: object = {}, why = WHY): Promise<Asked> {
  const input = { tenantId: house.tenantId, personId: house.carl.personId, mode: "ro", ...more };
  return visiting(db.appDb, startVisit, await actorOf(db, who), input, why);
}

async function looks(house: House, who = house.omar): Promise<Begun> {
  const asked = await asks(house, who);
  if (asked.state !== "begun") throw new Error("did not begin");
  return asked.visit;
}

async function waits(house: House, who = house.omar): Promise<{ tenantId: string; visitId: string }> {
  const asked = await asks(house, who, { mode: "rw" });
  if (asked.state !== "asked") throw new Error("did not wait");
  return { tenantId: house.tenantId, visitId: asked.grantId };
}

const approves = async (who: SignedIn, visit: object) =>
  visiting(db.appDb, approveVisit, await actorOf(db, who), visit);
const begins = async (who: SignedIn, visit: object) => visiting(db.appDb, beginVisit, await actorOf(db, who), visit);

async function changes(house: House): Promise<Begun> {
  const visit = await waits(house);
  await approves(house.olga, visit);
  return begins(house.omar, visit);
}

/** What app/_server does with a request: the end that it finds is written before the answer. */
async function request(who: SignedIn, cookie: string | null): Promise<{ viewer: Viewer | null; code: string | null }> {
  const { viewer, over } = await ask(db, who, cookie);
  if (over?.end) await endVisit(db.appDb, over.end, { by: over.end.by, why: over.end.why });
  return { viewer, code: over?.code ?? null };
}

/** Rows of a tenant's log, the newest last. */
const log = (tenantId: string, action: string) =>
  db.sql<{ actor: string; act_as: string | null; grant_id: string | null; body: string; at: Date }>(
    "SELECT actor, act_as, grant_id, body, at FROM audit.event WHERE tenant_id = $1 AND action = $2 ORDER BY at",
    [tenantId, action],
  );
const codesOf = async (tenantId: string) =>
  (await log(tenantId, "access.refused")).map((r) => (JSON.parse(r.body) as { code: string }).code);

/** The database's clock goes on: everything about this visit happened that much earlier. */
const later = (visitId: string, ms: number) =>
  db.sql(
    `UPDATE impersonation_grant SET asked_at = asked_at - $2 * interval '1 ms', approved_at = approved_at - $2 * interval '1 ms',
       started_at = started_at - $2 * interval '1 ms', not_after = not_after - $2 * interval '1 ms' WHERE id = $1`,
    [visitId, ms],
  );
const M = 60_000;

test("a visit is delegation: the session, the row and the log stay the actor's, and the page is the customer's", async () => {
  const house = await aHouse(db);
  const visit = await looks(house);
  const { viewer } = await ask(db, house.omar, cookieOf(visit));
  expect(viewer).toMatchObject({
    personId: house.omar.personId,
    name: "Omar",
    seats: [{ id: house.tenantId, layers: ["customer"] }],
    acting: { grantId: visit.grantId, mode: "ro", as: { personId: house.carl.personId, name: "Carl" }, reason: WHY },
  });
  expect(visit.notAfter.getTime() - visit.startedAt.getTime()).toBe(30 * M);
  expect(await log(house.tenantId, "impersonation.start")).toMatchObject([
    { actor: house.omar.personId, act_as: house.carl.personId, grant_id: visit.grantId },
  ]);
  expect(await db.sql("SELECT id FROM session WHERE person_id = $1", [house.carl.personId])).toEqual([
    { id: house.carl.sessionId },
  ]);
  const rows = JSON.stringify(
    await db.sql("SELECT g::text, encode(secret_hash, 'escape') AS h FROM impersonation_grant g"),
  );
  expect(rows).not.toContain(visit.secret);
});

describe("30 minutes by the database's clock, whatever this machine's says", () => {
  test.each([
    ["29:59", 30 * M - 1000, 0, true],
    ["29:59, the console's clock an hour fast", 30 * M - 1000, 60 * M, true],
    ["29:59, the console's clock an hour slow", 30 * M - 1000, -60 * M, true],
    ["30:00", 30 * M, 0, false],
    ["30:00, the console's clock an hour slow", 30 * M, -60 * M, false],
    ["30:01", 30 * M + 1000, 0, false],
  ])("%s", async (_, age, off, runs) => {
    const house = await aHouse(db);
    const visit = await looks(house);
    await later(visit.grantId, age);
    const at = new Date(Date.now() + off);
    await db.sql("UPDATE session SET last_seen_at = $2 WHERE id = $1", [house.omar.sessionId, at]);
    const { viewer, over } = await ask(db, house.omar, cookieOf(visit), at);
    expect(viewer?.acting?.grantId).toBe(runs ? visit.grantId : undefined);
    expect(over?.code ?? null).toBe(runs ? null : "E_IMPERSONATION_ENDED");
  });

  test("nothing renews it: the database refuses a longer one, and a shown cookie opens nothing afterwards", async () => {
    const house = await aHouse(db);
    const visit = await looks(house);
    await expect(
      db.sql("UPDATE impersonation_grant SET not_after = not_after + interval '1 s' WHERE id = $1", [visit.grantId]),
    ).rejects.toMatchObject({ code: "23514" });
    await later(visit.grantId, 30 * M);
    expect(await request(house.omar, cookieOf(visit))).toEqual({ viewer: null, code: "E_IMPERSONATION_ENDED" });
    expect(await request(house.omar, cookieOf(visit))).toEqual({ viewer: null, code: "E_IMPERSONATION_ENDED" });
    expect(await log(house.tenantId, "impersonation.end")).toHaveLength(1);
    // The browser has dropped the cookie: they are themselves again.
    expect((await request(house.omar, null)).viewer).toMatchObject({ acting: null, seat: { layers: ["operator"] } });
  });
});

describe("bound to one session of one browser: what does not fit ends it", () => {
  type Theft = (house: House, visit: Begun) => Promise<{ viewer: Viewer | null; code: string | null }>;
  const another = async (who: SignedIn) => signedIn(db, who.personId);
  const thefts: [string, Theft][] = [
    ["the session's cookie without the visit's", (h) => request(h.omar, null)],
    ["a guessed visit's cookie", (h, v) => request(h.omar, cookieOf({ ...v, secret: "A".repeat(43) }))],
    ["a visit's cookie of another shape", (h) => request(h.omar, "x")],
    ["the visit's cookie in another's session", (h, v) => request(h.rosa, cookieOf(v))],
    [
      "the visit's cookie in a second session of the same person",
      async (h, v) => request(await another(h.omar), cookieOf(v)),
    ],
    ["the visit's cookie in the customer's session", (h, v) => request(h.carl, cookieOf(v))],
    [
      "both cookies in another browser",
      async (h, v) => {
        const { viewer, over } = await standingOf(
          db.appDb,
          h.omar.token,
          new Date(),
          shows(h.omar.token, cookieOf(v), "curl/8"),
        );
        if (over?.end) await endVisit(db.appDb, over.end, { by: over.end.by, why: over.end.why });
        return { viewer, code: over?.code ?? null };
      },
    ],
  ];
  test.each(thefts)("%s", async (_, steal) => {
    const house = await aHouse(db);
    const visit = await looks(house);
    expect(await steal(house, visit)).toEqual({ viewer: null, code: "E_IMPERSONATION_BINDING" });
    expect(await log(house.tenantId, "impersonation.end")).toHaveLength(1);
    // Revoked for who made it as well.
    expect(await request(house.omar, cookieOf(visit))).toMatchObject({ viewer: null, code: "E_IMPERSONATION_ENDED" });
  });

  test("who asks without saying what was shown is not served as the actor's own self either", async () => {
    const house = await aHouse(db);
    await looks(house);
    expect(await viewerOf(db.appDb, house.omar.token, new Date())).toBeNull();
  });
});

describe("who may not, and as whom never: refused with a row", () => {
  const cases: [string, (h: House) => Promise<unknown>, string][] = [
    ["as oneself", (h) => asks(h, h.omar, { personId: h.omar.personId }), "E_IMPERSONATION"],
    ["as a root operator", (h) => asks(h, h.omar, { personId: h.rosa.personId }), "E_IMPERSONATION"],
    ["as an auditor", (h) => asks(h, h.omar, { personId: h.aida.personId }), "E_IMPERSONATION"],
    ["as an operator", (h) => asks(h, h.omar, { personId: h.olga.personId }), "E_IMPERSONATION"],
    [
      "as somebody disabled",
      async (h) => {
        await db.sql("UPDATE person SET disabled_at = now() WHERE id = $1", [h.carl.personId]);
        return asks(h, h.omar);
      },
      "E_IMPERSONATION",
    ],
    [
      "within a visit",
      async (h) => {
        const visit = await looks(h);
        const actor = await actorOf(db, h.omar, cookieOf(visit));
        const input = { tenantId: h.tenantId, personId: h.carl.personId, mode: "ro" };
        return visiting(db.appDb, startVisit, actor, input, WHY);
      },
      "E_IMPERSONATION",
    ],
    [
      "to change things when nobody else could let one",
      async (h) => {
        await db.sql("UPDATE person SET disabled_at = now() WHERE groups && $1 AND id <> $2", [
          ["tocsin-root", `tocsin-operator-${h.slug}`],
          h.omar.personId,
        ]);
        return asks(h, h.omar, { mode: "rw" }).finally(() =>
          db.sql("UPDATE person SET disabled_at = NULL WHERE groups && $1", [["tocsin-root"]]),
        );
      },
      "E_IMPERSONATION",
    ],
    ["by a customer", (h) => asks(h, h.carl), "E_FORBIDDEN"],
  ];
  test.each(cases)("%s", async (_, act, code) => {
    const house = await aHouse(db);
    await expect(act(house)).rejects.toMatchObject({ code });
    expect(await codesOf(house.tenantId)).toEqual([code]);
  });

  test.each([
    ["a reason of two words", (h: House) => asks(h, h.omar, {}, "needed now"), "E_REASON"],
    ["no reason", (h: House) => asks(h, h.omar, {}, ""), "E_REASON"],
    [
      "a reason that is one word again and again",
      (h: House) => asks(h, h.omar, {}, "help help help help help"),
      "E_REASON",
    ],
    ["by an auditor", (h: House) => asks(h, h.aida), "E_FORBIDDEN"],
    [
      "with a sign-in of six minutes ago",
      async (h: House) => {
        await db.sql("UPDATE session SET auth_time = now() - interval '6 min' WHERE id = $1", [h.omar.sessionId]);
        return asks(h, h.omar);
      },
      "E_STEP_UP",
    ],
    ["a field that is not known", (h: House) => asks(h, h.omar, { approvedBy: h.olga.personId }), "E_UNKNOWN_FIELD"],
    ["a mode that is none", (h: House) => asks(h, h.omar, { mode: "root" }), "E_INVALID"],
  ])("%s", async (_, act, code) => {
    const house = await aHouse(db);
    await expect(act(house)).rejects.toMatchObject({ code });
    expect(await db.sql("SELECT 1 FROM impersonation_grant WHERE tenant_id = $1", [house.tenantId])).toEqual([]);
  });

  test("another's tenant, one that never was, and a stranger's id are the same unknown", async () => {
    const [house, foreign] = [await aHouse(db), await aHouse(db)];
    const said = async (more: object) => asks(house, house.omar, more).catch((e: Error) => e.message);
    const unknown = "There is no such tenant among yours.";
    expect(await said({ tenantId: foreign.tenantId, personId: foreign.carl.personId })).toBe(unknown);
    expect(await said({ tenantId: randomUUID() })).toBe(unknown);
    const stranger = "There is no such person in this tenant.";
    expect(await said({ personId: foreign.carl.personId })).toBe(stranger);
    expect(await said({ personId: foreign.olga.personId })).toBe(stranger);
    expect(await said({ personId: randomUUID() })).toBe(stranger);
  });

  test("a root operator looks into any tenant, which is their only way to see what is in it", async () => {
    const house = await aHouse(db);
    const visit = await looks(house, house.rosa);
    expect((await ask(db, house.rosa, cookieOf(visit))).viewer?.seats).toMatchObject([{ id: house.tenantId }]);
  });
});

describe("changing things takes a second person", () => {
  test("asked, approved by a colleague, begun: a change carries whose it is, as whom, and under which visit", async () => {
    const house = await aHouse(db);
    const visit = await changes(house);
    const actor = await actorOf(db, house.omar, cookieOf(visit));
    await execute(db.appDb, registerServer, actor, { url: "https://mcp.example.com/mcp", name: "Theirs" });
    expect(await log(house.tenantId, "server.register")).toMatchObject([
      { actor: house.omar.personId, act_as: house.carl.personId, grant_id: visit.grantId },
    ]);
    expect(await log(house.tenantId, "impersonation.approve")).toMatchObject([{ actor: house.olga.personId }]);
  });

  const groups = (who: SignedIn, to: string[]) =>
    db.sql("UPDATE person SET groups = $2 WHERE id = $1", [who.personId, to]);
  type Waiting = { tenantId: string; visitId: string };
  const cases: [string, (h: House, v: Waiting) => Promise<unknown>, string][] = [
    ["begun without one", (h, v) => begins(h.omar, v), "E_APPROVAL_NEEDED"],
    ["approved by who asked", (h, v) => approves(h.omar, v), "E_SELF_APPROVAL"],
    [
      "approved by who asked, from a second session",
      async (h, v) => approves(await signedIn(db, h.omar.personId), v),
      "E_SELF_APPROVAL",
    ],
    [
      "approved after 15 minutes",
      async (h, v) => {
        await later(v.visitId, 15 * M + 1000);
        return approves(h.olga, v);
      },
      "E_EXPIRED",
    ],
    ["approved by a customer", (h, v) => approves(h.carl, v), "E_FORBIDDEN"],
    [
      "approver demoted before use",
      async (h, v) => {
        await approves(h.olga, v);
        await groups(h.olga, []);
        return begins(h.omar, v);
      },
      "E_APPROVAL_NEEDED",
    ],
    [
      "approver disabled before use",
      async (h, v) => {
        await approves(h.olga, v);
        await db.sql("UPDATE person SET disabled_at = now() WHERE id = $1", [h.olga.personId]);
        return begins(h.omar, v);
      },
      "E_APPROVAL_NEEDED",
    ],
    [
      "begun 15 minutes after the leave",
      async (h, v) => {
        await approves(h.olga, v);
        await later(v.visitId, 15 * M + 1000);
        return begins(h.omar, v);
      },
      "E_EXPIRED",
    ],
    [
      "begun in another session",
      async (h, v) => {
        await approves(h.olga, v);
        return begins(await signedIn(db, h.omar.personId), v);
      },
      "E_IMPERSONATION_BINDING",
    ],
  ];
  test.each(cases)("%s: refused with a row, and no visit", async (_, act, code) => {
    const house = await aHouse(db);
    const visit = await waits(house);
    await expect(act(house, visit)).rejects.toMatchObject({ code });
    expect(await codesOf(house.tenantId)).toEqual([code]);
    expect(await db.sql("SELECT started_at FROM impersonation_grant WHERE id = $1", [visit.visitId])).toEqual([
      { started_at: null },
    ]);
  });

  test("the tenant is told by mail when it begins, and by nothing that wakes people", async () => {
    const house = await aHouse(db);
    const mail = await makeSink(db, house.tenantId, { kind: "email", config: { recipients: "ops@example.com" } });
    await makeSink(db, house.tenantId, { kind: "email", config: { recipients: "x@example.com" }, state: "disabled" });
    await makeSink(db, house.tenantId, { kind: "webhook" });
    await looks(house, house.rosa);
    await changes(house);
    const told = await db.sql<{ sink_id: string; kind: string; content: NoticeContent }>(
      "SELECT d.sink_id, d.kind, n.content FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE d.tenant_id = $1",
      [house.tenantId],
    );
    expect(told).toMatchObject([{ sink_id: mail, kind: "visit" }]);
    const content = told[0]?.content as NoticeContent;
    const notice: Notice = { id: "n", tenantId: "t", incidentId: null, dedupKey: "k", kind: "visit", content };
    const text = emailText(notice, false);
    expect(text).toMatch(/^A visit of our staff: Omar looks in as Carl and may change things\n/);
    expect(text).toContain(`Why: ${WHY}`);
    expect(text).toContain("See visits, end this one: http://127.0.0.1:3000/portal/visits");
    expect(text).not.toContain("Server:");
    expect((await log(house.tenantId, "impersonation.begin"))[0]?.body).toContain('"told":1');
  });

  test("the mark counts what waits for one's own word: not one's own ask, nor what is old, decided or elsewhere", async () => {
    const [house, foreign] = [await aHouse(db), await aHouse(db)];
    const counted = ({ personId }: SignedIn, { tenantId }: House = house) =>
      db.appDb.withTenant({ tenantId, actorId: personId, readOnly: true, alsoRead: [tenantId] }, (tx) =>
        visitsWaiting(tx, [{ id: tenantId, slug: "", name: "" }], personId),
      );
    const visit = await waits(house);
    expect([await counted(house.olga), await counted(house.omar), await counted(foreign.olga, foreign)]).toEqual([
      1, 0, 0,
    ]);
    await db.sql("UPDATE impersonation_grant SET asked_at = asked_at - interval '16 min' WHERE id = $1", [
      visit.visitId,
    ]);
    expect(await counted(house.olga)).toBe(0);
    const next = await waits(house);
    expect(await counted(house.olga)).toBe(1);
    await approves(house.olga, next);
    expect(await counted(house.olga)).toBe(0);
  });

  test("another tenant's operator finds no such visit, an auditor may not, and a stale sign-in is asked again", async () => {
    const [house, foreign] = [await aHouse(db), await aHouse(db)];
    const visit = await waits(house);
    await expect(approves(foreign.olga, visit)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
    await expect(approves(house.aida, visit)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    await db.sql("UPDATE session SET auth_time = now() - interval '6 min' WHERE id = $1", [house.olga.sessionId]);
    await expect(approves(house.olga, visit)).rejects.toMatchObject({ code: "E_STEP_UP" });
  });

  test("decided at the last moment, by a root operator who is none of the tenant's", async () => {
    const house = await aHouse(db);
    const visit = await waits(house);
    await later(visit.visitId, 15 * M - 2000);
    await approves(house.rosa, visit);
    expect(await begins(house.omar, visit)).toMatchObject({ grantId: visit.visitId });
  });

  test("the table itself takes no start without a second person, and none who is the actor", async () => {
    const house = await aHouse(db);
    const visit = await waits(house);
    const set = (sql: string) => db.sql(`UPDATE impersonation_grant SET ${sql} WHERE id = $1`, [visit.visitId]);
    const start = "started_at = now(), not_after = now(), secret_hash = session_fp";
    await expect(set(start)).rejects.toMatchObject({ code: "23514" });
    await expect(set(`approved_by = actor_id, approved_at = now(), ${start}`)).rejects.toMatchObject({ code: "23514" });
  });
});

describe("a visit that only looks writes nothing", () => {
  test("the command is refused, and past the command the database itself refuses", async () => {
    const house = await aHouse(db);
    const visit = await looks(house);
    const actor = await actorOf(db, house.omar, cookieOf(visit));
    const input = { url: "https://mcp.example.com/mcp", name: "Theirs", intervalS: 60, weight: "own" as const };
    await expect(execute(db.appDb, registerServer, actor, input)).rejects.toMatchObject({ code: "E_READ_ONLY" });
    await expect(
      db.appDb.withTenant(contextOf(registerServer, actor, input, undefined), (tx) =>
        carryOut(tx, registerServer, actor, input),
      ),
    ).rejects.toThrow(/25006|read-only transaction/);
    await expect(
      db.appDb.withTenant(
        contextOf(registerServer, actor, input, undefined),
        (tx) => tx.$executeRaw`UPDATE tenant SET name = 'Mine' WHERE id = ${house.tenantId}::uuid`,
      ),
    ).rejects.toThrow(/25006|read-only transaction/);
  });

  test("nothing that writes is authorised, and nothing that is never done as another either, also where one may change", async () => {
    const house = await aHouse(db);
    const [ro, rw] = [
      await aHouse(db).then(async (h) => ({ h, v: await looks(h) })),
      { h: house, v: await changes(house) },
    ];
    for (const { h, v } of [ro, rw]) {
      const actor = await actorOf(db, h.omar, cookieOf(v));
      for (const action of ACTIONS.filter((a) => may(["customer"], a))) {
        const rule = ruleOf(action);
        const blocked = rule.notAsAnother || (rule.writes && actor.acting?.mode === "ro");
        const said = await authorise(db.appDb, action, actor).then(
          () => "may",
          (e: { code: string }) => e.code,
        );
        expect(said, action).toBe(
          rule.notAsAnother
            ? "E_IMPERSONATION_BLOCKED"
            : blocked
              ? "E_READ_ONLY"
              : rule.fresh
                ? expect.any(String)
                : "may",
        );
      }
    }
  });
});

describe("it ends at the next request, with one row that says why", () => {
  const set = (sql: string, id: string) => db.sql(`UPDATE ${sql} WHERE id = $1`, [id]);
  const cases: [string, string, (h: House, v: Begun) => Promise<unknown>][] = [
    [
      "the button",
      "left",
      async (h, v) => leaveVisit(db.appDb, (await ask(db, h.omar, cookieOf(v))).viewer as Viewer, ""),
    ],
    ["the role is gone", "role_lost", (h) => set("person SET groups = '{}'", h.omar.personId)],
    [
      "the role became an auditor's",
      "role_lost",
      (h) => set("person SET groups = groups || '{tocsin-auditor}'", h.omar.personId),
    ],
    ["the person is disabled", "disabled", (h) => set("person SET disabled_at = now()", h.omar.personId)],
    ["signing out", "signed_out", (h) => endSession(db.appDb, h.omar.token, new Date())],
    [
      "the session idle for too long",
      "session_over",
      (h) => set("session SET last_seen_at = now() - interval '31 min'", h.omar.sessionId),
    ],
    [
      "a colleague",
      "revoked",
      async (h, v) =>
        visiting(db.appDb, revokeVisit, await actorOf(db, h.olga), { tenantId: h.tenantId, visitId: v.grantId }),
    ],
    [
      "a root operator",
      "revoked",
      async (h, v) =>
        visiting(db.appDb, revokeVisit, await actorOf(db, h.rosa), { tenantId: h.tenantId, visitId: v.grantId }),
    ],
    [
      "the customer",
      "customer",
      async (h, v) => execute(db.appDb, endVisitOfStaff, await actorOf(db, h.carl), { visitId: v.grantId }),
    ],
    ["the person looked as is disabled", "target_gone", (h) => set("person SET disabled_at = now()", h.carl.personId)],
    [
      "the person looked as is no customer any more",
      "target_gone",
      (h) => set("person SET groups = '{}'", h.carl.personId),
    ],
    [
      "the person looked as joined the staff",
      "target_gone",
      (h) => set("person SET groups = groups || '{tocsin-root}'", h.carl.personId),
    ],
    ["the time", "time", (_, v) => later(v.grantId, 30 * M)],
  ];
  test.each(cases)("%s: %s", async (_, reason, end) => {
    const house = await aHouse(db);
    const visit = await looks(house);
    expect((await ask(db, house.omar, cookieOf(visit))).viewer?.acting).toBeTruthy();
    await end(house, visit);
    expect((await request(house.omar, cookieOf(visit))).viewer).toBeNull();
    const rows = await log(house.tenantId, "impersonation.end");
    expect(rows.map((r) => [r.act_as, r.grant_id, (JSON.parse(r.body) as { reason: string }).reason])).toEqual([
      [house.carl.personId, visit.grantId, reason],
    ]);
    expect(await db.sql("SELECT 1 FROM session WHERE grant_id IS NOT NULL AND grant_id = $1", [visit.grantId])).toEqual(
      [],
    );
  });

  test("after it, the session is its person's own again, with nothing of whom they looked as", async () => {
    const house = await aHouse(db);
    const before = (await ask(db, house.rosa)).viewer;
    const visit = await looks(house, house.rosa);
    await leaveVisit(db.appDb, (await ask(db, house.rosa, cookieOf(visit))).viewer as Viewer, "");
    expect((await ask(db, house.rosa)).viewer).toEqual({ ...before, lastSeenAt: expect.any(Date) });
    expect((await ask(db, house.carl)).viewer).toMatchObject({ personId: house.carl.personId, acting: null });
  });

  test("a customer ends a visit to their own tenant only", async () => {
    const [house, foreign] = [await aHouse(db), await aHouse(db)];
    const visit = await looks(house);
    const carl = await actorOf(db, foreign.carl);
    await expect(execute(db.appDb, endVisitOfStaff, carl, { visitId: visit.grantId })).rejects.toMatchObject({
      code: "E_NOT_FOUND",
    });
  });
});

describe("at once", () => {
  test("two begun in one session: one visit, and the other is told", async () => {
    const house = await aHouse(db);
    const second = await makeTenant(db);
    const carla = await aPerson(db, "Carla", [`tocsin-customer-${second.slug}`]);
    const here = { tenantId: house.tenantId, personId: house.carl.personId, mode: "ro" };
    const elsewhere = { tenantId: second.id, personId: carla, mode: "ro" };
    // Found before any begins: whoever comes later is told by the session itself that it makes a visit.
    const rosa = await actorOf(db, house.rosa);
    const tries = await Promise.allSettled(
      [here, here, elsewhere].map((input) => visiting(db.appDb, startVisit, rosa, input, WHY)),
    );
    expect(tries.filter((t) => t.status === "fulfilled")).toHaveLength(1);
    for (const t of tries) if (t.status === "rejected") expect(t.reason).toMatchObject({ code: "E_IMPERSONATION" });
  });

  test("approved twice: once", async () => {
    const house = await aHouse(db);
    const visit = await waits(house);
    const tries = await Promise.allSettled([approves(house.olga, visit), approves(house.rosa, visit)]);
    expect(tries.filter((t) => t.status === "fulfilled")).toHaveLength(1);
    expect(await log(house.tenantId, "impersonation.approve")).toHaveLength(1);
  });

  test("begun twice: one half hour and one secret", async () => {
    const house = await aHouse(db);
    const visit = await waits(house);
    await approves(house.olga, visit);
    const tries = await Promise.allSettled([begins(house.omar, visit), begins(house.omar, visit)]);
    expect(tries.filter((t) => t.status === "fulfilled")).toHaveLength(1);
    expect(await log(house.tenantId, "impersonation.start")).toHaveLength(1);
  });

  test("ended while a change is being made: the change commits before the end, or not at all", async () => {
    const house = await aHouse(db);
    const visit = await changes(house);
    const actor = await actorOf(db, house.omar, cookieOf(visit));
    const register = (n: number) =>
      execute(db.appDb, registerServer, actor, { url: `https://mcp.example.com/${n}`, name: `Server ${n}` }).then(
        () => "done",
        (e: { code: string }) => e.code,
      );
    const end = async () =>
      visiting(db.appDb, revokeVisit, await actorOf(db, house.olga), {
        tenantId: house.tenantId,
        visitId: visit.grantId,
      });
    const [said] = await Promise.all([Promise.all([1, 2, 3, 4].map(register)), end()]);
    expect(said.every((s) => s === "done" || s === "E_IMPERSONATION_ENDED")).toBe(true);
    expect(await register(5)).toBe("E_IMPERSONATION_ENDED");
    const [ended] = await db.sql<{ ended_at: Date }>("SELECT ended_at FROM impersonation_grant WHERE id = $1", [
      visit.grantId,
    ]);
    const after = await db.sql(
      "SELECT 1 FROM audit.event WHERE grant_id = $1 AND action = 'server.register' AND at > $2",
      [visit.grantId, new Date((ended?.ended_at.getTime() ?? 0) + 1)],
    );
    expect(after).toEqual([]);
  });
});

test("each page and action of it has its row, and the tenant's customers see the visit in words of their own", async () => {
  const house = await aHouse(db);
  const visit = await looks(house);
  const viewer = (await ask(db, house.omar, cookieOf(visit))).viewer as Viewer;
  for (const route of ["/portal", "/portal/servers/[id]"])
    await recordVisitRequest(db.appDb, viewer, { method: "GET", route, outcome: "shown" }, "192.0.2.7");
  expect(await log(house.tenantId, "impersonation.request")).toMatchObject([
    {
      actor: house.omar.personId,
      act_as: house.carl.personId,
      grant_id: visit.grantId,
      body: expect.stringContaining('"/portal"'),
    },
    { body: expect.stringContaining("[id]") },
  ]);
  const seen = () =>
    db.appDb.withTenant({ tenantId: house.tenantId, actorId: house.carl.personId, readOnly: true }, (tx) => visits(tx));
  expect(await seen()).toMatchObject([
    {
      id: visit.grantId,
      who: "Omar",
      as: "Carl",
      mode: "ro",
      reason: WHY,
      endedAt: null,
      how: "",
      looked: 2,
      changed: 0,
    },
  ]);
  await later(visit.grantId, 31 * M);
  expect(await seen()).toMatchObject([{ endedAt: expect.any(Number), how: "The 30 minutes were over" }]);
});

test("whoever made an emergency account lets no visit of it change things: both may be one person", async () => {
  const house = await aHouse(db);
  await db.sql("UPDATE person SET name = 'Rosa the maker' WHERE id = $1", [house.rosa.personId]);
  const account = await signedIn(db, await aPerson(db, "Emergency account safe-berlin", ["tocsin-root"]));
  const [row] = await db.sql<{ id: string }>(
    `INSERT INTO break_glass (id, name, secret_hash, created_by, created_at)
     VALUES (gen_random_uuid(), 'safe-' || left($1::text, 8), 'x', $1::uuid, now()) RETURNING id`,
    [house.rosa.personId],
  );
  await db.sql(
    "UPDATE person SET issuer = 'tocsin:break-glass', subject = $2, groups = '{tocsin:break-glass}' WHERE id = $1",
    [account.personId, row?.id],
  );
  const asked = await asks(house, account, { mode: "rw" });
  if (asked.state !== "asked") throw new Error("began");
  expect(asked.approvers).toContain("Olga");
  expect(asked.approvers).not.toContain("Rosa the maker");
  const visit = { tenantId: house.tenantId, visitId: asked.grantId };
  await expect(visiting(db.appDb, approveVisit, await actorOf(db, house.rosa), visit)).rejects.toMatchObject({
    code: "E_SELF_APPROVAL",
  });
  await visiting(db.appDb, approveVisit, await actorOf(db, house.olga), visit);
});
