// Which turns of a tool list are a change of the server, which are one region's, and which are nothing yet.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accept,
  knownLists,
  type Look,
  looksOf,
  observe,
  settled as calmed,
  type SurfaceEvent,
  type SurfaceState,
} from "./drift.ts";
import { anOutcome } from "../testing/sealed.ts";

const MIN = 60_000;
const SCOPE = "modern:open";
const REGIONS = ["fra", "iad", "sin"];

/** Slot by slot, a letter per region: the list that it showed, "." for none. */
function walk(slots: string[], from: SurfaceState = { scopes: {} }, regions = REGIONS, at = 0) {
  let state = from;
  const events: (SurfaceEvent & { slot: number })[] = [];
  slots.forEach((letters, i) => {
    const looks: Look[] = regions.flatMap((region, r) => {
      const full = letters[r] ?? ".";
      return full === "." ? [] : [{ region, scope: SCOPE, full, count: 1 }];
    });
    const seen = observe(state, looks, regions, at + i * MIN);
    state = seen.state;
    for (const event of seen.events) {
      events.push({ ...event, slot: i });
      const scope = state.scopes[event.scope];
      // As the pipeline does, once the changelog has its entry.
      if (event.kind === "changed" && scope)
        scope.announced = { full: event.to, change: `c${i}`, alerts: true, sentence: "" };
      if (event.kind === "diverged" && scope)
        scope.diverged = { full: event.to, regions: event.regions, change: `d${i}` };
    }
    state = calmed(state);
  });
  return { state, events, said: events.map((e) => `${e.slot} ${e.kind}`) };
}

describe("a change is announced when two looks in a row of two regions show it", () => {
  test.each<[what: string, slots: string[], said: string[]]>([
    ["the first list is what is expected", ["AAA", "AAA"], ["0 first_seen"]],
    ["one look is none", ["AAA", "BBB", "AAA"], ["0 first_seen"]],
    ["two looks are one", ["AAA", "BBB", "BBB"], ["0 first_seen", "2 changed"]],
    ["it is announced once", ["AAA", "BBB", "BBB", "BBB", "BBB"], ["0 first_seen", "2 changed"]],
    ["two different new lists are none", ["AAA", "BBB", "CCC", "AAA"], ["0 first_seen"]],
    [
      "a further change is a further one",
      ["AAA", "BBB", "BBB", "CCC", "CCC"],
      ["0 first_seen", "2 changed", "4 changed"],
    ],
    ["going back ends it", ["AAA", "BBB", "BBB", "AAA", "AAA"], ["0 first_seen", "2 changed", "4 returned"]],
    ["a slot that nobody looked in changes nothing", ["AAA", "BBB", "...", "BBB"], ["0 first_seen", "3 changed"]],
    [
      "a rollout that takes three slots is one change",
      ["AAA", "BAA", "BBA", "BBB", "BBB"],
      ["0 first_seen", "4 changed"],
    ],
  ])("%s", (_what, slots, said) => {
    const real = walk(slots).said;
    // A rollout may leave a region behind for a slot: named as such, and over in the next.
    expect(real.filter((s) => !s.includes("verged"))).toEqual(said.filter((s) => !s.includes("verged")));
  });

  test("a server that is looked at from one place needs only that place", () => {
    expect(walk(["A", "B", "B"], undefined, ["fra"]).said).toEqual(["0 first_seen", "2 changed"]);
  });
});

describe("one region apart from the others is no change of the server", () => {
  test("a region that turns alone is named, and comes back", () => {
    const { events } = walk(["AAA", "AAB", "AAB", "AAA", "AAA"]);
    expect(events.map((e) => e.kind)).toEqual(["first_seen", "diverged", "converged"]);
    expect(events[1]).toMatchObject({ from: "A", to: "B", regions: ["sin"] });
  });

  test("a region that keeps the old list while the others change is named beside the change", () => {
    const { events } = walk(["AAA", "BBA", "BBA"]);
    expect(events.map((e) => e.kind)).toEqual(["first_seen", "changed", "diverged"]);
    expect(events[1]).toMatchObject({ to: "B", regions: ["fra", "iad"] });
    expect(events[2]).toMatchObject({ from: "B", to: "A", regions: ["sin"] });
  });

  test("half against half is decided for what was accepted", () => {
    const { said } = walk(["AA", "AB", "AB"], undefined, ["fra", "iad"]);
    expect(said).toEqual(["0 first_seen", "2 diverged"]);
  });

  test("once a new list is accepted, the region that still shows the old one is the one apart", () => {
    const before = walk(["AAA", "BBB", "BBB"]).state;
    const { events } = walk(["BBB", "BBA", "BBA"], accept(before, SCOPE), REGIONS, 10 * MIN);
    expect(events.map((e) => e.kind)).toEqual(["diverged"]);
    expect(events[0]).toMatchObject({ from: "B", to: "A", regions: ["sin"] });
  });

  test("one region of three says nothing while the others are silent", () => {
    expect(walk(["AAA", "B..", "B..", "B.."]).said).toEqual(["0 first_seen"]);
  });
});

describe("a region that turns again and again flaps", () => {
  test("it is said once and not announced each time", () => {
    const { events } = walk(["A", "B", "A", "B", "A", "B", "A"], undefined, ["fra"]);
    expect(events.map((e) => e.kind)).toEqual(["first_seen", "flapping"]);
  });

  test("also where each list stays for two looks: one change, then the word for it", () => {
    const { events } = walk([..."AABBAABBAABB"], undefined, ["fra"]);
    expect(events.map((e) => e.kind)).toEqual(["first_seen", "changed", "returned", "changed", "flapping"]);
  });

  test("an hour of calm later a change is a change again, and its lists are sent again", () => {
    const flapped = walk([..."ABABABA"], undefined, ["fra"]).state;
    expect(knownLists(flapped)).toBeNull();
    expect(knownLists(null)).toEqual([]);
    const calm = walk(["A"], flapped, ["fra"], 70 * MIN).state;
    expect(calm.scopes[SCOPE]?.regions).toEqual({});
    expect(walk([..."CC"], calm, ["fra"], 71 * MIN).said).toEqual(["1 changed"]);
  });
});

test("while every region shows what is expected, or what was announced, nothing is written", () => {
  const settled = walk(["AAA", "AAA"]).state;
  const looks = (full: string): Look[] => REGIONS.map((region) => ({ region, scope: SCOPE, full, count: 1 }));
  expect(settled.calm).toBe(true);
  expect(observe(settled, looks("A"), REGIONS, 9 * MIN).state).toBe(settled);
  const pending = walk(["BBB", "BBB"], settled, REGIONS, 10 * MIN).state;
  expect(pending.calm).toBeUndefined();
  const hourLater = walk(["BBB"], pending, REGIONS, 80 * MIN).state;
  expect(observe(hourLater, looks("B"), REGIONS, 81 * MIN).state).toBe(hourLater);
  expect(accept(hourLater, SCOPE).calm).toBeUndefined();
});

test("accepting makes the announced list the expected one, and no other", () => {
  const pending = walk(["AAA", "BBB", "BBB"]).state;
  expect(accept(pending, SCOPE).scopes[SCOPE]).toMatchObject({ accepted: "B" });
  expect(accept(pending, SCOPE).scopes[SCOPE]?.announced).toBeUndefined();
  expect(accept(pending, "legacy:open")).toEqual(pending);
});

test("the order in which regions answer never decides", () => {
  const letter = fc.constantFrom("A", "B", ".");
  fc.assert(
    fc.property(fc.array(fc.tuple(letter, letter, letter), { maxLength: 12 }), (slots) => {
      const forward = walk(slots.map((s) => s.join("")));
      const backward = walk(
        slots.map((s) => s.toReversed().join("")),
        undefined,
        REGIONS.toReversed(),
      );
      expect(backward.said).toEqual(forward.said);
      expect(backward.state).toEqual(forward.state);
    }),
  );
});

describe("only lists that mean something are compared", () => {
  const of = { tenantId: "t", serverId: "s", slot: 0, region: "fra" };
  const tools = { count: 1, contractHash: "c", fullHash: "f", names: [] };
  test.each<[what: string, saw: Parameters<typeof anOutcome>[1], looks: number]>([
    ["a whole list", { tools }, 1],
    ["the list of a slow server", { tools, status: "degraded", reason: "latency_elevated" }, 1],
    ["a list that was cut", { tools: { ...tools, truncated: true } }, 0],
    ["the empty list of a server that says it has tools", { tools, reason: "empty_tool_list" }, 0],
    ["no list", { tools: null }, 0],
    ["what a failing server still said", { tools, reason: "http_server_error" }, 0],
  ])("%s", (_what, saw, looks) => {
    expect(looksOf({ outcomes: { fra: anOutcome(of, saw) } })).toHaveLength(looks);
  });

  test("lists of another era, or seen with a credential, are compared among themselves", () => {
    const scopes = (saw: object) =>
      looksOf({ outcomes: { fra: anOutcome(of, { tools, ...saw }) } }).map((l) => l.scope);
    expect(scopes({ era: "dual" })).toEqual(["modern:open"]);
    expect(scopes({ era: "sse" })).toEqual(["legacy:open"]);
    expect(scopes({ era: "modern", tools: { ...tools, credentialed: true } })).toEqual(["modern:credential"]);
  });
});
