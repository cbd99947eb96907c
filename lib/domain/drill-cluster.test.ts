import { expect, test } from "vitest";
import { CLUSTER_STEPS, type DrillSteps, type SinkHeard } from "./drill.ts";
import { type ClusterSeen, drillCause, missingOfCluster } from "./drill-cluster.ts";
import { isUpstream } from "./storm.ts";

const whole: DrillSteps = Object.fromEntries(CLUSTER_STEPS.map((step, i) => [step, i]));
const without = (...steps: string[]) => Object.fromEntries(Object.entries(whole).filter(([s]) => !steps.includes(s)));
const pager: SinkHeard = { name: "Pager", wakes: true, kind: "trigger", state: "sent", reason: "" };
const chat = { ...pager, name: "Chat", wakes: false };
const seen: ClusterSeen = {
  ...{ opened: true, heldBy: ["cluster"], noticed: true, ended: true },
  heard: [pager, chat, { ...chat, kind: "digest" }, { ...pager, kind: "resolve" }],
};

test("noticed, told, held, put into a digest and ended: nothing is missing", () => {
  expect(missingOfCluster(whole, seen)).toEqual([]);
});

test("its cause is one that tenants may share, of a name that nobody can have", () => {
  const cause = drillCause("3f0c2a8e-6a1d-4f7e-9b1c-0d2e4f6a8b1c");
  expect(isUpstream(cause)).toBe(true);
  expect(cause).toMatch(/\.invalid$/);
});

test.each<[string, DrillSteps, Partial<ClusterSeen>, string[]]>([
  ["nothing was put in", {}, {}, ["did not put"]],
  ["no incident opened", without("decided"), { opened: false }, ["No incident opened"]],
  ["the operators have no sink", whole, { heldBy: [], heard: [] }, ["It was not held as a wider outage"]],
  ["a silence held it", whole, { heldBy: ["silence"], heard: [] }, ["A silence held it", "It was not held"]],
  ["no incident of the operators", whole, { noticed: false }, ["The operators' incident did not open"]],
  ["nobody took it", without("told", "cleared"), { heard: [] }, ["No sink of the operators took"]],
  ["only chat took it", whole, { heard: [chat] }, ["No sink that wakes"]],
  ["no digest", without("digest"), {}, ["The digest of what was held"]],
  ["it went on", whole, { ended: false }, ["did not end"]],
  [
    "an end was lost",
    without("cleared"),
    { heard: [pager, { ...chat, kind: "resolve", state: "dead" }] },
    ["Chat did not", "Not every"],
  ],
])("%s: said in so many words", (_title, steps, of, words) => {
  const missing = missingOfCluster(steps, { ...seen, ...of });
  expect(missing).toHaveLength(words.length);
  for (const [i, part] of words.entries()) expect(missing[i]).toContain(part);
});
