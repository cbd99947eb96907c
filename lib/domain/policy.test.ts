import { describe, expect, test } from "vitest";
import { describeStep, nextStepAt, takeStep } from "./escalation.ts";
import { explain } from "./explain.ts";
import { defaultPolicy, freeze, frozenPolicy, policyStepsSchema, type SinkFacts } from "./policy.ts";
import { type Severity, SEVERITIES } from "./reason.ts";
import { severityOf } from "./severity.ts";

const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const sink = (n: number, name: string, kind: string, more: Partial<SinkFacts> = {}): SinkFacts => ({
  id: id(n),
  name,
  kind,
  enabled: true,
  proven: true,
  wakes: kind === "pagerduty" || kind === "opsgenie",
  acknowledge: true,
  ...more,
});
const chat = sink(1, "chat", "slack");
const mail = sink(2, "mail", "email");
const pager = sink(3, "pager", "pagerduty");
const second = sink(4, "second", "opsgenie");
const all = [chat, mail, pager, second];

const plan = (severity: Severity, sinks: SinkFacts[], policy = defaultPolicy(sinks)) =>
  explain(policy, severity, sinks).steps.map((s) => [
    s.afterMinutes,
    s.answers.filter((a) => a.answer === "told").map((a) => a.sinkName),
  ]);

describe("the default policy", () => {
  test.each<[Severity, unknown]>([
    [
      "P1",
      [
        [0, ["chat", "mail", "pager", "second"]],
        [5, []],
        [15, []],
      ],
    ],
    [
      "P2",
      [
        [0, ["chat", "mail"]],
        [5, ["pager", "second"]],
        [15, []],
      ],
    ],
    [
      "P3",
      [
        [0, ["chat", "mail"]],
        [5, []],
        [15, []],
      ],
    ],
    ["P4", []],
  ])("of a %s", (severity, expected) => {
    expect(plan(severity, all)).toEqual(expected);
  });

  test("is one that may be saved, whatever sinks there are", () => {
    for (const sinks of [[], [chat], [pager], all])
      expect(policyStepsSchema.safeParse(defaultPolicy(sinks).steps).success).toBe(true);
  });
});

describe("the preview warns", () => {
  const warn = (severity: Severity, sinks: SinkFacts[], policy = defaultPolicy(sinks)) =>
    explain(policy, severity, sinks).warnings.join("\n");
  test.each<[string, Severity, SinkFacts[], RegExp]>([
    ["of no sink", "P1", [], /no sink yet/],
    ["of no sink that wakes", "P1", [chat, mail], /No sink that wakes/],
    ["of no second person", "P1", [chat, pager], /No second person/],
    ["of a disabled sink", "P2", [chat, { ...pager, enabled: false }], /pager is disabled/],
  ])("%s", (_what, severity, sinks, words) => {
    expect(warn(severity, sinks)).toMatch(words);
  });

  test("of a sink that no step tells, of a removed one, and of a first step that comes late", () => {
    const policy = {
      name: "x",
      steps: [
        {
          afterMinutes: 10,
          targets: [
            { sinkId: pager.id, severities: ["P1" as const] },
            { sinkId: id(9), severities: ["P1" as const] },
          ],
        },
      ],
    };
    expect(warn("P1", [chat, pager], policy)).toMatch(/No step tells chat/);
    expect(warn("P1", [chat, pager], policy)).toMatch(/removed/);
    expect(
      explain({ ...policy, steps: [{ afterMinutes: 0, targets: [] }, ...policy.steps] }, "P1", [pager]).warnings.join(),
    ).toMatch(/at once/);
    expect(warn("P2", [chat, pager], policy)).toMatch(/Nobody would be told of a P2/);
  });

  test("of nothing where two people are woken", () => {
    expect(warn("P1", all)).toBe("");
  });
});

describe("a step", () => {
  const step = {
    afterMinutes: 5,
    targets: [
      { sinkId: chat.id, severities: ["P1" as const] },
      { sinkId: pager.id, severities: ["P1" as const, "P2" as const] },
      { sinkId: id(9), severities: ["P2" as const] },
    ],
  };
  test("answers for each of its targets", () => {
    const answers = takeStep(step, "P2", [chat, pager], new Set([pager.id])).map((a) => a.answer);
    expect(answers).toEqual(["severity_not_for_sink", "already_told", "sink_removed"]);
    expect(takeStep(step, "P1", [chat, { ...pager, enabled: false }], new Set()).map((a) => a.answer)).toEqual([
      "told",
      "sink_disabled",
      "sink_removed",
    ]);
  });
  test("that names a sink twice tells it once, when either line lets it through", () => {
    const twice = {
      afterMinutes: 0,
      targets: [
        { sinkId: chat.id, severities: ["P2" as const] },
        { sinkId: chat.id, severities: ["P1" as const] },
        { sinkId: chat.id, severities: ["P3" as const] },
      ],
    };
    expect(takeStep(twice, "P1", [chat], new Set())).toEqual([{ sinkId: chat.id, sinkName: "chat", answer: "told" }]);
  });
  test("reads as a sentence", () => {
    expect(describeStep(1, 3, 5, takeStep(step, "P1", [chat, pager], new Set([pager.id])))).toBe(
      "Step 2 of 3 (after 5 min): telling chat; pager already told; a removed sink.",
    );
  });
  test("comes at the policy's distance from the one before, whenever that was", () => {
    const policy = defaultPolicy(all);
    const at = new Date("2026-11-21T12:00:00Z");
    expect([0, 1, 2, 3].map((i) => nextStepAt(policy, i, at)?.getTime())).toEqual([
      at.getTime(),
      at.getTime() + 300_000,
      at.getTime() + 600_000,
      undefined,
    ]);
  });
});

test.each<[string, unknown]>([
  ["none", []],
  ["eleven", Array.from({ length: 11 }, (_, i) => ({ afterMinutes: i, targets: [] }))],
  [
    "out of order",
    [
      { afterMinutes: 5, targets: [] },
      { afterMinutes: 5, targets: [] },
    ],
  ],
  ["a target without severities", [{ afterMinutes: 0, targets: [{ sinkId: id(1), severities: [] }] }]],
  ["a key that nobody knows", [{ afterMinutes: 0, targets: [], __proto__x: 1 }]],
])("steps are refused: %s", (_what, steps) => {
  expect(policyStepsSchema.safeParse(steps).success).toBe(false);
});

test("a frozen policy is its own copy, and one that cannot be read tells nobody instead of throwing", () => {
  const policy = defaultPolicy(all);
  const frozen = freeze(policy);
  policy.steps.length = 0;
  expect(frozen.steps).toHaveLength(3);
  expect(frozenPolicy(JSON.parse(JSON.stringify(frozen)))).toEqual(frozen);
  expect(frozenPolicy({ steps: 7 }).steps).toEqual([]);
});

test("a server of others is one step milder, and P4 stays P4", () => {
  expect(SEVERITIES.map((s) => s)).toEqual(["P1", "P2", "P3", "P4"]);
  expect(
    [severityOf("connection_refused", "own"), severityOf("connection_refused", "third_party")].map((s) => s.severity),
  ).toEqual(["P1", "P2"]);
  expect(severityOf("schema_drift", "third_party").severity).toBe("P4");
  expect(severityOf("auth_required", "third_party").severity).toBe("P4");
});
