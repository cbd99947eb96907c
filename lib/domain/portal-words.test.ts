import { describe, expect, test } from "vitest";
import { DECISIONS } from "./event.ts";
import { customerWords } from "./portal-words.ts";

const sinks = new Map([["s1", "Night shift"]]);
const said = (decision: string, data: unknown = {}, by: string | null = null) =>
  customerWords({ decision, data, by, sinks });

test("every decision of the pipeline has words for customers, but for those that are the staff's alone", () => {
  const data = { days: 7, severity: "P1", from: "P2", to: "P1", answers: [{ sinkId: "s1", answer: "told" }] };
  const silent = Object.keys(DECISIONS).filter((decision) => said(decision, data) === null);
  expect(silent.toSorted()).toEqual(["not_silenced", "noted", "policy_frozen", "reminded"]);
});

describe("words", () => {
  test.each([
    ["streak_reached", { bad: 3 }, null, "3 checks in a row failed."],
    ["severity_raised", { from: "P2", to: "P1" }, null, "Raised from P2 to P1."],
    [
      "silenced",
      { until: "2026-11-21T18:00:00.000Z" },
      null,
      "Silenced until 2026-11-21 18:00 UTC: nobody is told before that.",
    ],
    [
      "step_taken",
      {
        answers: [
          { sinkId: "s1", answer: "told" },
          { sinkId: "s1", answer: "already_told" },
        ],
      },
      null,
      "To be told: Night shift.",
    ],
    ["sent", { sinkId: "s1", kind: "resolve" }, null, "Night shift was told that it is over."],
    ["acknowledged", {}, "Omar Operator", "Omar Operator has it in hand."],
    ["resolved_by_hand", {}, null, "Somebody closed it by hand."],
  ])("%s", (decision, data, by, words) => {
    expect(said(decision, data, by)).toBe(words);
  });
});

describe("nothing but what is meant is taken from a row's data", () => {
  test.each([
    ["a decision that nobody knows", "constructor", {}],
    ["one of a newer version", "whispered", { sentence: "canary" }],
    ["a note", "noted", { sentence: "canary" }],
    ["a severity that is none", "severity_set", { severity: "canary" }],
    ["a silence with its comment for an end", "silenced", { until: "canary", comment: "canary" }],
    ["a sink that is not the tenant's", "sent", { sinkId: "canary", kind: "canary" }],
    ["answers that are none", "step_taken", { answers: ["canary", null, { sinkName: "canary", answer: "told" }] }],
    ["data that is a list", "sent", ["canary"]],
    ["data that is text", "streak_reached", "canary"],
    ["a reason that is none", "reason_changed", { to: "canary" }],
  ])("%s", (_name, decision, data) => {
    expect(said(decision, data) ?? "").not.toContain("canary");
  });
});
