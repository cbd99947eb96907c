import { expect, test } from "vitest";
import { tellsAll } from "./coverage.ts";
import type { Policy, SinkFacts } from "./policy.ts";
import type { Severity } from "./reason.ts";
import { NO_ROSTER } from "./roster.ts";

const [CHAT, PAGER] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"] as const;
const sink = (id: string, more: Partial<SinkFacts> = {}): SinkFacts => ({
  ...{ id, name: id, kind: "slack", enabled: true, proven: true, wakes: false, acknowledge: false },
  ...more,
});
const steps = (...list: [number, string, Severity[]][]): Policy => ({
  name: "p",
  steps: list.map(([afterMinutes, sinkId, severities]) => ({ afterMinutes, targets: [{ sinkId, severities }] })),
});
const when = { roster: NO_ROSTER, at: 0 };
const tells = (by: [Policy, Severity], own: [Policy, Severity], sinks = [sink(CHAT), sink(PAGER)]) =>
  tellsAll({ policy: by[0], severity: by[1] }, { policy: own[0], severity: own[1] }, sinks, when);

test("a policy tells all that another tells when it tells the same places, and no later", () => {
  const chat = steps([0, CHAT, ["P1", "P2"]]);
  const both = steps([0, CHAT, ["P1", "P2"]], [5, PAGER, ["P1"]]);
  expect(tells([both, "P1"], [chat, "P1"])).toBe(true);
  expect(tells([chat, "P1"], [both, "P1"])).toBe(false);
  expect(tells([both, "P1"], [steps([0, PAGER, ["P1"]]), "P1"])).toBe(false);
  expect(tells([steps(), "P1"], [steps(), "P1"])).toBe(true);
});

test("it has to hold for what both may become, and for the severity that the one has already", () => {
  const both = steps([0, CHAT, ["P1", "P2"]], [5, PAGER, ["P1"]]);
  // A P2 now tells chat alone; as P1 it would wake somebody.
  expect(tells([steps([0, CHAT, ["P1", "P2"]]), "P2"], [both, "P2"])).toBe(false);
  expect(tells([steps([0, CHAT, ["P2"]]), "P1"], [steps([0, CHAT, ["P2"]]), "P2"])).toBe(false);
});

test("whom neither can tell is no difference", () => {
  const off = [sink(CHAT), sink(PAGER, { enabled: false })];
  expect(tells([steps([0, CHAT, ["P1"]]), "P1"], [steps([0, PAGER, ["P1"]]), "P1"], off)).toBe(true);
});
