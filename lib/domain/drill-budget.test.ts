import { expect, test } from "vitest";
import { BUDGET_STEPS, type DrillSteps, type SinkHeard } from "./drill.ts";
import { DRILL_BUDGET, DRILL_OVER, type MadeUp, missingOfBudget } from "./drill-budget.ts";

const whole: DrillSteps = Object.fromEntries(BUDGET_STEPS.map((step, i) => [step, i]));
const without = (...steps: string[]) => Object.fromEntries(Object.entries(whole).filter(([s]) => !steps.includes(s)));
const one = (m: Partial<MadeUp> = {}): MadeUp => ({ grave: false, told: true, heldBy: [], ...m });
const held = one({ told: false, heldBy: ["budget"] });
const many = (n: number, of: MadeUp) => Array.from({ length: n }, () => of);
const made = [...many(DRILL_BUDGET, one()), ...many(DRILL_OVER, held), one({ grave: true })];
const chat: SinkHeard = { name: "Chat", wakes: false, kind: "trigger", state: "sent", reason: "" };
const heard = [chat, { ...chat, kind: "resolve" }, { ...chat, kind: "digest" }];

test("as many told as may be, the rest held and in a digest that arrived, and the P1 let pass: nothing is missing", () => {
  expect(missingOfBudget(whole, made, heard)).toEqual([]);
});

test.each<[string, DrillSteps, MadeUp[], SinkHeard[], string[]]>([
  ["nothing was put in", {}, [], [], ["did not put the made-up failures in"]],
  ["the budget let all pass", whole, [...many(8, one()), one({ grave: true })], heard, ["8 were told", "0 were held"]],
  ["one incident did not open", without("decided"), made.slice(1), heard, ["8 of 9 incidents", "5 were told"]],
  ["the P1 was held too", whole, [...made.slice(0, -1), { ...held, grave: true }], heard, ["The P1 was not told"]],
  [
    "a window held one",
    whole,
    [...made.slice(0, -1), one({ grave: true, heldBy: ["window"] })],
    heard,
    ["A window held"],
  ],
  ["nobody took a notice", without("told", "cleared"), made, heard, ["No sink took a notice"]],
  ["the digest had nobody", without("digest"), made, heard.slice(0, 2), ["No digest of what was held went out"]],
  ["the digest was withheld", without("digest"), made, heard, ["The digest of what was held was not delivered"]],
  [
    "an end was refused",
    without("cleared"),
    made,
    [...heard, { ...chat, kind: "resolve", state: "dead", reason: "Gone." }],
    ["Chat did not take the resolve: Gone.", "Not every all-clear"],
  ],
])("%s: said in so many words", (_title, steps, of, said, words) => {
  const missing = missingOfBudget(steps, of, said);
  expect(missing).toHaveLength(words.length);
  for (const [i, part] of words.entries()) expect(missing[i]).toContain(part);
});
