// Over 300 lines: policies, people and schedules share one tenant and its helpers.
// What the pure rules promise, with real rows: policies in their order, people and schedules resolved as they are told,
// repeats, and that the preview shows what is written.
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { saveContacts } from "#lib/commands/contact/save";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { movePolicy } from "#lib/commands/policy/order";
import { removePolicy } from "#lib/commands/policy/remove";
import { savePolicy } from "#lib/commands/policy/save";
import { changeFeed } from "#lib/commands/schedule/feed";
import { endOverride } from "#lib/commands/schedule/end-override";
import { addOverride } from "#lib/commands/schedule/override";
import { removeSchedule } from "#lib/commands/schedule/remove";
import { saveSchedule } from "#lib/commands/schedule/save";
import { explain } from "#lib/domain/explain";
import { choose, type Matcher } from "#lib/domain/matcher";
import type { PolicyStep } from "#lib/domain/policy";
import type { Severity } from "#lib/domain/reason";
import { rosterOfFacts } from "#lib/domain/roster";
import { feed, readFeedToken } from "#lib/queries/feed";
import { whyPaged } from "#lib/queries/incident/why";
import { onCallNow } from "#lib/queries/on-call";
import { policiesNow } from "#lib/queries/policy";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { DST_DAYS } from "#lib/testing/schedules";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "./decide.ts";
import { escalateDue } from "./escalate.ts";

const START = Date.parse("2026-03-28T22:30:00Z"); // In Berlin the clock goes forward in this night.
const MINUTE = 60_000;
let db: TestDatabase;
let clock: TestClock;
let tenant: { id: string; slug: string };
let serverId: string;
let sinks: Record<"chat" | "annPager" | "bobPager", string>;
let ann: string;
let bob: string;
let actor: Actor;

beforeAll(async () => {
  db = await testDatabase();
  await db.sql("SELECT app.make_partitions('probe_minute', '2026-01-01', 12)");
  clock = testClock();
});
afterAll(async () => {
  clock.restore();
  await db.close();
});

async function person(name: string, groups: string[]): Promise<string> {
  const id = randomUUID();
  await db.sql(
    "INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1, 'https://idp.test', $2, $3, $4, now(), now())",
    [id, id, name, groups],
  );
  return id;
}

async function setUp(): Promise<void> {
  clock.set(new Date(START));
  await db.sql("UPDATE incident SET next_step_at = NULL");
  tenant = await makeTenant(db);
  serverId = await makeServer(db, tenant.id, { name: "Search", fireAfter: 1, clearAfter: 1 });
  const pager = (name: string) => makeSink(db, tenant.id, { kind: "pagerduty", name, config: { region: "us" } });
  sinks = {
    chat: await makeSink(db, tenant.id, { kind: "slack", name: "chat", config: { mode: "bot" } }),
    annPager: await pager("pager of Ann"),
    bobPager: await pager("pager of Bob"),
  };
  ann = await person("Ann", [`tocsin-operator-${tenant.slug}`]);
  bob = await person("Bob", [`tocsin-operator-${tenant.slug}`]);
  actor = { personId: ann, name: "Ann", tenantId: tenant.id, layers: ["operator"] };
}
beforeEach(setUp);

const run = <I, R>(command: Parameters<typeof execute<I, R>>[1], input: unknown) =>
  execute(db.appDb, command, actor, input);
const as = { P1: ["P1"] as Severity[] };
const to = (target: Partial<PolicyStep["targets"][number]>) => ({ ...target, severities: as.P1 });
const steps = (...given: [number, ...Partial<PolicyStep["targets"][number]>[]][]) =>
  given.map(([afterMinutes, ...targets]) => ({ afterMinutes, targets: targets.map(to) }));
const nights = (over: object = {}) =>
  run(saveSchedule, {
    ...{ name: "Nights", zone: "Europe/Berlin" },
    layers: [{ people: [ann, bob], startsOn: "2026-03-28", handoffAt: "00:00", everyDays: 1, ...over }],
  });
const contacts = async () => {
  await run(saveContacts, { personId: ann, sinkIds: [sinks.annPager] });
  await run(saveContacts, { personId: bob, sinkIds: [sinks.bobPager] });
};
const fail = () =>
  decide(
    db.workerDb,
    aSealedSlot({ tenantId: tenant.id, serverId, slot: clock.now().getTime() }, { fra: "connection_refused" }),
    clock.now(),
  );
const advance = async (minutes: number) => {
  clock.advance(minutes * MINUTE);
  return escalateDue(db.workerDb, db.sweeper, clock.now());
};
const deliveries = async (kind = "trigger") =>
  (
    await db.sql(
      "SELECT s.name, d.created_at AS at FROM delivery d JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id WHERE d.tenant_id = $1 AND d.kind = $2 AND d.state <> 'withheld' ORDER BY d.created_at, s.name",
      [tenant.id, kind],
    )
  ).map((r) => `${(new Date(r.at as string).getTime() - START) / MINUTE} ${r.name}`);
const sentences = async () =>
  (await db.sql("SELECT sentence FROM incident_event WHERE tenant_id = $1 ORDER BY seq", [tenant.id]))
    .map((r) => r.sentence)
    .join("\n");
const incidentId = async () =>
  String((await db.sql("SELECT id FROM incident WHERE tenant_id = $1", [tenant.id]))[0]?.id);
const read = <T>(what: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId: tenant.id, actorId: ann, readOnly: true }, what);

describe("of several policies", () => {
  const forServer = (is: string): Matcher[] => [{ on: "name", is }];
  test("the first that matches holds, whatever is changed afterwards; what none takes is the default's", async () => {
    await run(savePolicy, { steps: steps([0, { sinkId: sinks.chat }]) });
    const mail = await run(savePolicy, {
      policyId: "new",
      name: "Mail",
      matchers: forServer("mail*"),
      steps: steps([0, { sinkId: sinks.bobPager }]),
    });
    const search = await run(savePolicy, {
      policyId: "new",
      name: "Search",
      matchers: forServer("SEAR*"),
      steps: steps([0, { sinkId: sinks.annPager }], [5, { sinkId: sinks.bobPager }]),
    });
    await fail();
    expect(await deliveries()).toEqual(["0 pager of Ann"]);
    expect(await sentences()).toContain(
      '"Search" holds for this incident, in 2 steps: the first policy that matches it.',
    );
    await run(removePolicy, { policyId: search.policyId });
    await advance(5);
    expect(await deliveries()).toEqual(["0 pager of Ann", "5 pager of Bob"]);
    const { policies } = await read((tx) => policiesNow(tx, clock.now()));
    expect(policies.map((p) => p.name)).toEqual(["Mail", "Default policy"]);
    await expect(run(removePolicy, { policyId: policies[1]?.id })).rejects.toMatchObject({ code: "E_STATE" });
    await expect(run(removePolicy, { policyId: randomUUID() })).rejects.toMatchObject({ code: "E_NOT_FOUND" });
    expect(mail.policyId).not.toBe(search.policyId);
  });

  test("the order is changed one place at a time, and a stranger's sink, person or server is as good as none", async () => {
    for (const name of ["a", "b", "c"])
      await run(savePolicy, {
        policyId: "new",
        name,
        matchers: forServer(name),
        steps: steps([0, { sinkId: sinks.chat }]),
      });
    const list = async () => (await read((tx) => policiesNow(tx, clock.now()))).policies;
    const last = (await list())[2];
    await run(movePolicy, { policyId: last?.id, direction: "up" });
    await run(movePolicy, { policyId: last?.id, direction: "up" });
    await run(movePolicy, { policyId: last?.id, direction: "up" });
    expect((await list()).map((p) => p.name)).toEqual(["c", "a", "b", "Default policy"]);
    const stranger = await person("Eve", ["tocsin-operator-elsewhere"]);
    for (const target of [{ sinkId: randomUUID() }, { personId: stranger }, { scheduleId: randomUUID() }])
      await expect(run(savePolicy, { steps: steps([0, target]) })).rejects.toMatchObject({ code: "E_INVALID" });
    await expect(nights({ people: [stranger] })).rejects.toMatchObject({ code: "E_INVALID" });
    await expect(run(saveContacts, { personId: stranger, sinkIds: [] })).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
});

describe("whoever is on call", () => {
  test("is asked as the step is taken: after the hand-off it is the next, and both stand in the answer why", async () => {
    await contacts();
    const { scheduleId } = await nights();
    await run(savePolicy, { steps: steps([0, { scheduleId }], [60, { scheduleId }]) });
    await fail(); // 23:30 in Berlin, Ann's turn until midnight.
    await advance(60);
    expect(await deliveries()).toEqual(["0 pager of Ann", "60 pager of Bob"]);
    const why = await read(async (tx) => whyPaged(tx, await incidentId(), clock.now()));
    expect(why.map((a) => [a.sinkName, a.via, a.reason])).toEqual([
      ["pager of Ann", "Ann, on call in Nights", "pending"],
      ["pager of Bob", "Bob, on call in Nights", "pending"],
    ]);
  });

  test("comes from a group: who is put into it is paged, with no edit here", async () => {
    await contacts();
    const { scheduleId } = await nights({ people: [], group: "night-desk" });
    await run(savePolicy, { steps: steps([0, { scheduleId }], [5, { scheduleId }]) });
    const put = (id: string, more: string[]) =>
      db.sql("UPDATE person SET groups = $2 WHERE id = $1", [id, [`tocsin-operator-${tenant.slug}`, ...more]]);
    await put(ann, ["night-desk"]);
    const eve = await person("Aaron", ["night-desk", "tocsin-operator-elsewhere"]);
    await fail();
    await put(ann, []);
    await put(bob, ["night-desk"]);
    await advance(5);
    expect(await deliveries()).toEqual(["0 pager of Ann", "5 pager of Bob"]);
    expect(eve).not.toBe(ann);
  });

  test("stands in while it lasts, and leads nowhere aloud when there is nobody or nothing that reaches them", async () => {
    await run(saveContacts, { personId: bob, sinkIds: [sinks.bobPager] });
    const { scheduleId } = await nights({ people: [ann] });
    const from = "2026-03-28T23:00";
    const { overrideId } = await run(addOverride, { scheduleId, personId: bob, from, to: "2026-03-28T23:59" });
    await run(savePolicy, { steps: steps([0, { scheduleId }], [15, { scheduleId }], [20, { personId: bob }]) });
    await fail();
    await advance(5);
    await run(endOverride, { overrideId });
    await expect(run(endOverride, { overrideId })).rejects.toMatchObject({ code: "E_STATE" });
    await advance(10);
    expect(await deliveries()).toEqual(["0 pager of Bob"]);
    expect(await sentences()).toContain("no way to reach Ann, on call in Nights");
    await db.sql("UPDATE person SET disabled_at = now() WHERE id = $1", [ann]);
    const why = await read(async (tx) => whyPaged(tx, await incidentId(), clock.now()));
    expect(why.map((a) => a.reason)).toEqual(["pending", "no_contact"]);
    await expect(run(removeSchedule, { scheduleId })).rejects.toMatchObject({ code: "E_STATE" });
  });
});

describe("a repeat", () => {
  test("tells those who can be woken again that it is still open, and ends with the acknowledge", async () => {
    await run(savePolicy, {
      steps: steps([0, { sinkId: sinks.chat }, { sinkId: sinks.annPager }]),
      repeat: "3",
      repeatMinutes: "10",
    });
    await fail();
    await advance(10);
    await advance(10);
    expect(await deliveries("update")).toEqual(["10 pager of Ann", "20 pager of Ann"]);
    expect(await sentences()).toContain(
      "Repeat 2 (after 20 min): still open, telling pager of Ann again; chat already told.",
    );
    await run(acknowledgeIncident, { incidentId: await incidentId() });
    await advance(10);
    expect(await deliveries("update")).toEqual([]);
    expect(await deliveries()).toEqual([]);
  });
});

describe("the calendar of a schedule", () => {
  test("is opened by its address alone, names who is on call, and by an old address no more", async () => {
    const { scheduleId } = await nights();
    const give = async () => String((await run(changeFeed, { scheduleId, give: "new" })).token);
    const open = async (token: string) => {
      const asked = readFeedToken(token);
      if (asked === null) return null;
      return db.appDb.withTenant({ tenantId: asked.tenantId, actorId: ann, readOnly: true }, (tx) =>
        feed(tx, asked, clock.now()),
      );
    };
    const first = await give();
    expect((await open(first))?.shifts.find((s) => s.from <= START && START < s.to)?.who).toBe("Ann");
    const second = await give();
    expect([await open(first), (await open(second))?.name]).toEqual([null, "Nights"]);
    // The same secret under another tenant's name opens nothing.
    const other = await makeTenant(db);
    const moved = Buffer.from(second, "base64url");
    Buffer.from(other.id.replaceAll("-", ""), "hex").copy(moved);
    expect(await open(moved.toString("base64url"))).toBeNull();
    const kept = await db.sql("SELECT feed_hash FROM schedule WHERE id = $1", [scheduleId]);
    expect(Buffer.from(second, "base64url").includes(kept[0]?.feed_hash as Buffer)).toBe(false);
    await run(changeFeed, { scheduleId, give: "none" });
    expect(await open(second)).toBeNull();
    expect(readFeedToken("x".repeat(63))).toBeNull();
    expect((await read((tx) => onCallNow(tx, clock.now()))).schedules[0]).toMatchObject({ feedMadeAt: null });
  });
});

test("the preview of the page shows exactly the deliveries that are then written", async () => {
  const hour = fc.constantFrom("00:00", "02:00", "02:30", "03:00", "23:45");
  const which = fc.constantFrom("chat", "annPager", "bobPager", "ann", "bob", "nights", "nights");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...DST_DAYS),
      fc.integer({ min: -3 * 60, max: 6 * 60 }),
      hour,
      fc.tuple(...[0, 1, 2].map(() => fc.array(which, { minLength: 1, maxLength: 3 }))),
      fc.integer({ min: 0, max: 1 }),
      async ([zone, day], minute, handoffAt, targets, repeat) => {
        await setUp();
        const start = Date.parse(`${day}T00:00:00Z`) + minute * MINUTE;
        clock.set(new Date(start));
        await contacts();
        const rotation = { people: [ann, bob], startsOn: "2026-03-01", handoffAt, everyDays: 1 };
        const { scheduleId } = await run(saveSchedule, { name: "Nights", zone, layers: [rotation] });
        const one = { ann: { personId: ann }, bob: { personId: bob }, nights: { scheduleId } };
        const target = (name: string) =>
          to(name in one ? one[name as keyof typeof one] : { sinkId: sinks[name as keyof typeof sinks] });
        const given = targets.map((names, i) => ({ afterMinutes: i * 45, targets: names.map(target) }));
        await run(savePolicy, { steps: given, repeat, repeatMinutes: 30 });
        const data = await read((tx) => policiesNow(tx, clock.now()));
        const of = {
          severity: "P1",
          reason: "connection_refused",
          kind: "server",
          serverId,
          name: "Search",
          weight: "own",
          labels: {},
        } as const;
        const plan = explain(choose(data.policies, of) ?? { name: "", steps: [] }, "P1", data.sinks, {
          roster: rosterOfFacts(data.roster),
          at: start,
        });
        const shown = (answer: string) =>
          plan.steps
            .flatMap((s) =>
              s.answers.flatMap((a) => (a.answer === answer ? [`${(s.at - START) / MINUTE} ${a.sinkName}`] : [])),
            )
            .sort();
        await fail();
        for (let i = 0; i < 4; i++) await advance(i < 2 ? 45 : 30);
        expect((await deliveries()).sort()).toEqual(shown("told"));
        expect((await deliveries("update")).sort()).toEqual(shown("told_again"));
      },
    ),
    { numRuns: 12 },
  );
});
