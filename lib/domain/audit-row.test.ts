import { describe, expect, test } from "vitest";
import { actWords, bodyOf, changesOf, factsOf } from "./audit-row.ts";

test.each([
  ["a known action names its target", "server.change", {}, "Payments", { words: "changed Payments", known: true }],
  [
    "a refusal says of what",
    "access.refused",
    { action: "sink.change", code: "E_READ_ONLY" },
    "",
    { words: "was refused: sink.change (E_READ_ONLY)", known: true },
  ],
  [
    "a silence of everything",
    "silence.create",
    { serverId: null },
    "x",
    { words: "silenced every server", known: true },
  ],
  ["an action of tomorrow keeps its name", "moon.land", {}, "x", { words: "moon.land", known: false }],
  ["an action named like a part of every object", "constructor", {}, "x", { words: "constructor", known: false }],
  ["a target with the signs of a replacement", "sink.remove", {}, "$& $1", { words: "removed $& $1", known: true }],
])("%s", (_, action, body, target, expected) => expect(actWords(action, body, target)).toEqual(expected));

describe("before and after are read in each form that rows have, and only what differs", () => {
  test.each([
    [
      "two objects",
      { before: { name: "A", fireAfter: 3 }, after: { name: "A", fireAfter: 5 } },
      [{ what: "fire after", was: "3", will: "5" }],
    ],
    ["was and will", { was: { paused: false }, will: { paused: true } }, [{ what: "paused", was: "no", will: "yes" }]],
    ["a field of its own", { name: { before: "A", after: "B" } }, [{ what: "name", was: "A", will: "B" }]],
    [
      "fields under changed",
      { changed: { tier: { was: "team", will: null } } },
      [{ what: "tier", was: "team", will: null }],
    ],
    ["lines of a diff", { diff: [{ field: "days", was: 30, will: 7 }, 3] }, [{ what: "days", was: "30", will: "7" }]],
    [
      "a list, place by place",
      { before: [{ afterMinutes: 0, sinkIds: ["a", "b"] }, 1], after: [{ afterMinutes: 5, sinkIds: ["a"] }, 1, 2] },
      [
        { what: "1.", was: "after minutes: 0\nsink ids: a, b", will: "after minutes: 5\nsink ids: a" },
        { what: "3.", was: null, will: "2" },
      ],
    ],
    [
      "a step of a policy",
      {
        before: [],
        after: [{ afterMinutes: 5, targets: [{ sinkId: "a", severities: ["P1", "P2"] }, { sinkId: "b" }] }],
      },
      [{ what: "1.", was: null, will: "after minutes: 5\ntargets: sink id: a; severities: P1, P2\nsink id: b" }],
    ],
    ["a list where there was none", { before: null, after: [1] }, [{ what: "1.", was: null, will: "1" }]],
    ["nothing before", { before: null, after: { a: 1 } }, [{ what: "value", was: null, will: "a: 1" }]],
    ["the same on both sides", { before: { a: 1 }, after: { a: 1 } }, []],
    ["only one side", { was: "Disabled by hand." }, []],
    ["none", { number: 7 }, []],
  ])("%s", (_, body, expected) => expect(changesOf(body)).toEqual(expected));
});

test("what is no before and after is a fact of its own", () => {
  expect(factsOf({ before: { a: 1 }, after: { a: 2 }, number: 7, told: null })).toEqual([
    ["number", "7"],
    ["told", "none"],
  ]);
  expect(factsOf({ was: "Disabled by hand." })).toEqual([["was", "Disabled by hand."]]);
});

test.each([["[1]"], ["null"], ["{"], ['"x"']])("a body that is no object reads as empty: %s", (text) =>
  expect(bodyOf(text)).toEqual({}),
);
