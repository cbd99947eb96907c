import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextStepAt, stepCount, takeNth } from "./escalation.ts";
import { explain, listWarnings, planFrom } from "./explain.ts";
import { type ListedPolicy, type Policy, policyStepsSchema, type SinkFacts } from "./policy.ts";
import type { Severity } from "./reason.ts";
import { type Roster, rosterOfFacts } from "./roster.ts";
import { onCallAt, type Schedule, shifts } from "./schedule.ts";
import { anySchedule, PEOPLE, person } from "../testing/schedules.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const sink = (n: number, more: Partial<SinkFacts> = {}): SinkFacts => ({
  ...{ id: id(n), name: `sink ${n}`, kind: "webhook", enabled: true, proven: true, wakes: n % 2 === 0 },
  ...{ acknowledge: true, ...more },
});
const NIGHTS = "20000000-0000-4000-8000-000000000001";

/** The worker with its clock moved: each step is taken when it is due, by what holds at that moment. */
function lived(policy: Policy, severity: Severity, sinks: readonly SinkFacts[], roster: Roster, start: number) {
  const told = new Set<string>();
  const sent: string[] = [];
  let due = nextStepAt(policy, 0, new Date(start));
  for (let index = 0; index < stepCount(policy) && due !== null && severity !== "P4"; index++) {
    const at = due.getTime();
    for (const a of takeNth(policy, index, severity, sinks, told, { roster, at })) {
      if (a.answer !== "told" && a.answer !== "told_again") continue;
      told.add(a.sinkId);
      sent.push(`${at} ${a.answer} ${a.sinkId}`);
    }
    due = nextStepAt(policy, index + 1, due);
  }
  return sent;
}

const severities = fc.constantFrom<Severity[]>(["P1", "P2", "P3"], ["P1", "P2"], ["P1"], ["P2", "P3"]);
const mostly = fc.constantFrom(true, true, true, true, false);
const target = fc.oneof(
  fc.record({ sinkId: fc.constantFrom(1, 2, 3, 4, 9).map(id), severities }),
  fc.record({ personId: fc.constantFrom(...PEOPLE), severities }),
  fc.record({ scheduleId: fc.constantFrom(NIGHTS, NIGHTS, id(8)), severities }),
);
const anyPolicy: fc.Arbitrary<Policy> = fc.record({
  name: fc.constant("Any"),
  steps: fc
    .uniqueArray(fc.constantFrom(0, 1, 5, 15, 30, 120, 600, 1440), { minLength: 2, maxLength: 4 })
    .chain((after) =>
      fc.tuple(
        ...[...after]
          .sort((a, b) => a - b)
          .map((afterMinutes) =>
            fc.record({
              afterMinutes: fc.constant(afterMinutes),
              targets: fc.array(target, { minLength: 1, maxLength: 4 }),
            }),
          ),
      ),
    ),
  repeat: fc.integer({ min: 0, max: 3 }),
  repeatMinutes: fc.constantFrom(5, 15, 240),
});
const anySinks = fc.tuple(
  ...[1, 2, 3, 4].map((n) =>
    fc.record({ enabled: mostly, proven: mostly }).map((more) => sink(n, n === 1 ? {} : more)),
  ),
);
const anyContacts = fc.tuple(
  ...PEOPLE.map((who) =>
    fc
      .subarray([1, 2, 3, 4], { minLength: 0, maxLength: 2 })
      .map((n) => ({ id: who, name: `person ${who.slice(-1)}`, sinkIds: n.map((x) => sink(x).id) })),
  ),
);

/** As the worker has it: asked each time. And as the preview has it: worked out ahead. */
function rosters(
  schedule: Schedule,
  people: Parameters<typeof onCallAt>[1],
  contacts: { id: string; name: string; sinkIds: string[] }[],
  start: number,
) {
  const here = contacts.filter((c) => people.has(c.id));
  const live: Roster = {
    people: new Map(here.map((c) => [c.id, c])),
    schedules: new Map([
      [schedule.id, { name: schedule.name, onCall: (at: number) => onCallAt(schedule, people, at) }],
    ]),
  };
  const ahead = { id: schedule.id, name: schedule.name, shifts: shifts(schedule, people, start, start + 40 * HOUR) };
  return { live, ahead: rosterOfFacts({ people: here, schedules: [ahead] }) };
}

describe("the preview", () => {
  test("equals what the steps tell when they come, for any policy, schedule, zone and night in which a clock changes", () => {
    let told = 0;
    fc.assert(
      fc.property(
        fc.record({ policy: anyPolicy, sinks: anySinks, contacts: anyContacts, drawn: anySchedule }),
        fc.constantFrom<Severity>("P1", "P1", "P2", "P2", "P3", "P4"),
        fc.integer({ min: -36 * 60, max: 36 * 60 }),
        ({ policy, sinks, contacts, drawn }, severity, minute) => {
          expect(policyStepsSchema.safeParse(policy.steps).success).toBe(true);
          const start = Date.parse(`${drawn.day}T00:00:00Z`) + minute * MINUTE + 1234;
          const { live, ahead } = rosters(drawn.schedule, drawn.people, contacts, start);
          const shown = explain(policy, severity, sinks, { roster: ahead, at: start }).steps.flatMap(
            ({ at, answers }) =>
              answers.flatMap((a) =>
                a.answer === "told" || a.answer === "told_again" ? [`${at} ${a.answer} ${a.sinkId}`] : [],
              ),
          );
          told += shown.length;
          expect(shown).toEqual(lived(policy, severity, sinks, live, start));
        },
      ),
      { numRuns: 300 },
    );
    expect(told).toBeGreaterThan(200);
  });

  test("of an incident that is under way says what is left, from the step that is due", () => {
    const policy: Policy = {
      name: "x",
      steps: [
        { afterMinutes: 0, targets: [{ sinkId: id(1), severities: ["P1"] }] },
        { afterMinutes: 5, targets: [{ sinkId: id(2), severities: ["P1"] }] },
        { afterMinutes: 15, targets: [{ sinkId: id(4), severities: ["P1"] }] },
      ],
      repeat: 1,
      repeatMinutes: 30,
    };
    const from = {
      next: 1,
      dueAt: 7 * HOUR,
      told: new Set([id(1)]),
      roster: rosterOfFacts({ people: [], schedules: [] }),
    };
    const left = planFrom(policy, "P1", [sink(1), sink(2), sink(4)], from);
    expect(left.map(({ at, answers }) => [(at - 7 * HOUR) / MINUTE, ...answers.map((a) => a.answer)])).toEqual([
      [0, "told"],
      [10, "told"],
      [40, "already_told", "told_again", "told_again"],
    ]);
  });
});

describe("the preview warns", () => {
  const [ann, bob] = [person(1), person(2)];
  const shiftsOf = (personId: string | null) => [{ from: 0, to: 100 * HOUR, personId }];
  const roster = (on: string | null, contacts: Record<string, string[]>) =>
    rosterOfFacts({
      people: Object.entries(contacts).map(([key, sinkIds]) => ({
        id: key,
        name: key === ann ? "Ann" : "Bob",
        sinkIds,
      })),
      schedules: [{ id: NIGHTS, name: "Nights", shifts: shiftsOf(on) }],
    });
  const sinks = [sink(2), sink(4)];
  const tells = (...targets: object[]): Policy => ({
    name: "x",
    steps: [{ afterMinutes: 0, targets: targets.map((t) => ({ ...t, severities: ["P1"] as Severity[] })) }],
  });
  const warn = (policy: Policy, r: Roster) => explain(policy, "P1", sinks, { roster: r, at: HOUR }).warnings.join("\n");

  test.each<[string, Policy, Roster, RegExp]>([
    ["of nobody on call", tells({ scheduleId: NIGHTS }), roster(null, {}), /Nobody is on call in Nights at step 1/],
    [
      "of whom nothing reaches",
      tells({ scheduleId: NIGHTS }),
      roster(ann, { [ann]: [] }),
      /Ann, on call in Nights has no contact/,
    ],
    ["of somebody who has left", tells({ personId: bob }), roster(ann, { [ann]: [id(2)] }), /has left/],
    ["of a removed schedule", tells({ scheduleId: id(7) }), roster(null, {}), /schedule that was removed/],
    [
      "of one person behind two sinks",
      tells({ personId: ann }),
      roster(null, { [ann]: [id(2), id(4)] }),
      /No second person/,
    ],
  ])("%s", (_what, policy, r, words) => {
    expect(warn(policy, r)).toMatch(words);
  });

  test("of nothing where two people are reached", () => {
    expect(
      warn(tells({ personId: ann }, { scheduleId: NIGHTS }), roster(bob, { [ann]: [id(2)], [bob]: [id(4)] })),
    ).toBe("");
  });

  test("of a policy that is never asked, one that never matches, and a step that tells nobody new", () => {
    const listed = (name: string, matchers: ListedPolicy["matchers"], steps: number[][]): ListedPolicy => ({
      ...{ id: name, name, matchers, isDefault: name === "default" },
      steps: steps.map((ids, i) => ({
        afterMinutes: i * 5,
        targets: ids.map((n) => ({ sinkId: id(n), severities: ["P1"] as Severity[] })),
      })),
    });
    const found = listWarnings(
      [
        listed("wide", [{ on: "layer", is: ["http", "tools"] }], [[2], [2]]),
        listed(
          "narrow",
          [
            { on: "layer", is: ["tools"] },
            { on: "weight", is: ["own"] },
          ],
          [[2]],
        ),
        listed("never", [{ on: "server", is: [id(5)] }], [[2]]),
        listed("default", [], [[2], [4]]),
      ],
      sinks,
      new Set([id(6)]),
      { roster: roster(null, {}), at: 0 },
    );
    expect(found).toEqual([
      ["Step 2 tells nobody whom an earlier one has not told."],
      ['It is never asked: "wide" before it matches all of this.'],
      ["It never matches: the servers that it names were removed."],
      [],
    ]);
  });
});
