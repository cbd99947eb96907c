import { expect, test } from "vitest";
import { DRILL_STEPS, type DrillSteps, missingOf, nextDrillDue, type SinkHeard, storedSteps } from "./drill.ts";

const whole: DrillSteps = Object.fromEntries(DRILL_STEPS.map((step, i) => [step, i]));
const without = (...steps: (keyof DrillSteps)[]) =>
  Object.fromEntries(Object.entries(whole).filter(([step]) => !steps.includes(step as keyof DrillSteps)));
const pager: SinkHeard = { name: "Pager", wakes: true, kind: "trigger", state: "sent", reason: "" };
const chat: SinkHeard = { ...pager, name: "Chat", wakes: false };

test("a drill that came to every step, and woke somebody, misses nothing", () => {
  expect(missingOf(whole, [pager, chat, { ...pager, kind: "resolve" }])).toEqual([]);
});

test.each<[string, DrillSteps, SinkHeard[], string[]]>([
  ["nothing was put in", {}, [], ["The worker did not put"]],
  ["no slot was sealed and nothing decided", { injected: 1 }, [], ["The slot was not sealed", "No incident opened"]],
  ["nobody was to be told", without("told", "cleared"), [], ["Nobody was to be told"]],
  [
    "a sink refused",
    whole,
    [pager, { ...chat, state: "dead", reason: "No such channel." }],
    ["Chat did not take the trigger: No such channel."],
  ],
  ["only chat was told", whole, [chat], ["No sink that wakes somebody"]],
  ["nobody acknowledged", without("acknowledged"), [pager], ["Nobody acknowledged within ten minutes."]],
  ["it was never cleared", without("cleared"), [pager], ["The all-clear was not delivered."]],
])("%s: said in so many words", (_title, steps, heard, said) => {
  const missing = missingOf(steps, heard);
  expect(missing).toHaveLength(said.length);
  for (const [i, words] of said.entries()) expect(missing[i]).toContain(words);
});

test("the next is due thirty days after the last that passed, or at once", () => {
  expect(nextDrillDue(null)).toBeNull();
  expect(nextDrillDue(Date.parse("2026-11-01"))).toBe(Date.parse("2026-12-01"));
});

test("steps that this version cannot read were not reached", () => {
  expect(storedSteps(null)).toEqual({});
  expect(storedSteps(JSON.parse('{"injected":7,"told":"x","__proto__":{"sealed":1},"other":2}'))).toEqual({
    injected: 7,
  });
});
