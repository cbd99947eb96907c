import { describe, expect, test } from "vitest";
import { type Act, BURST, RULES, type RuleName, type Usual, unusual } from "./unusual.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
let n = 0;
const act = (given: Partial<Act>): Act => ({
  ...{ id: `a${++n}`, at: NOON, actor: "ann", service: false, shell: false, actAs: null, grantId: null },
  ...{ action: "incident.note", target: "incident:1", body: {}, from: "" },
  ...given,
});
/** Ann writes notes and changes servers and sinks, from seven to four. */
const USUAL: Usual = {
  acts: new Map([
    [
      "ann",
      new Map(
        ["incident.note", "server.change", "server.remove", "sink.remove", "silence.create", "audit.export"].map(
          (a) => [a, 9],
        ),
      ),
    ],
  ]),
  hours: new Map([["ann", Array.from({ length: 24 }, (_, h) => (h >= 7 && h < 16 ? 5 : 0))]]),
  newAddresses: new Set(["ann 198.51.100.1"]),
};
const reasons = (...acts: Act[]): RuleName[] => unusual(acts, USUAL).flatMap((f) => f.why);

test.each<[what: string, given: Partial<Act>, why: RuleName[]]>([
  ["what she does each day", {}, []],
  ["a refused try", { action: "access.refused" }, ["refused", "first_time"]],
  ["the emergency account", { action: "break_glass.used" }, ["emergency", "first_time"]],
  ["alone what needs two", { action: "approval.waived" }, ["waived", "first_time"]],
  ["alone what needs two, said in its own row", { action: "server.change", body: { waived: true } }, ["waived"]],
  ["as somebody else", { actAs: "carl" }, ["visit"]],
  ["during a visit", { grantId: "g" }, ["visit"]],
  ["roles", { action: "role.change" }, ["roles", "first_time"]],
  ["a role of another word", { action: "roles.change" }, ["first_time"]],
  ["private addresses", { action: "address.allow" }, ["address", "first_time"]],
  ["where the log goes", { action: "audit_stream.remove" }, ["proof", "first_time"]],
  ["an export", { action: "audit.export" }, ["export"]],
  ["a sink that is gone", { action: "sink.remove" }, ["quieter"]],
  [
    "a server that is paused",
    { action: "server.change", body: { before: { paused: false }, after: { paused: true } } },
    ["quieter"],
  ],
  [
    "a server that was paused before",
    { action: "server.change", body: { before: { paused: true }, after: { paused: true } } },
    [],
  ],
  ["a silence of a day", { action: "silence.create", body: { endsAt: new Date(NOON + 86_400_000).toISOString() } }, []],
  [
    "a silence of more",
    { action: "silence.create", body: { endsAt: new Date(NOON + 86_460_000).toISOString() } },
    ["long_silence"],
  ],
  ["an address never seen", { from: "198.51.100.1" }, ["new_address"]],
  ["an address she has", { from: "203.0.113.1" }, []],
  ["an hour before her first", { at: Date.parse("2026-11-20T06:30:00Z") }, []],
  ["two hours before her first", { at: Date.parse("2026-11-20T05:30:00Z") }, ["hours"]],
  ["an hour after her last", { at: Date.parse("2026-11-20T16:30:00Z") }, []],
  ["two hours after her last", { at: Date.parse("2026-11-20T17:30:00Z") }, ["hours"]],
  ["something new", { action: "policy.save" }, ["first_time"]],
  ["at the machine", { actor: "shell", shell: true, action: "tenant.add" }, ["shell"]],
  ["the product's own work", { actor: "worker", service: true, action: "sink.disable" }, []],
  ["the product erasing", { actor: "worker", service: true, action: "gdpr.erased" }, ["erased"]],
  ["somebody unknown", { actor: "new" }, ["new_person"]],
])("%s", (_, given, why) => expect(reasons(act(given))).toEqual(why));

describe("a burst", () => {
  const run = (count: number, apartMs: number) =>
    Array.from({ length: count }, (_, i) => act({ at: NOON + i * apartMs }));
  test.each([
    ["as many as allowed", BURST.acts, 1_000, 0],
    ["one more", BURST.acts + 1, 1_000, 1],
    ["one more, but slowly", BURST.acts + 1, BURST.ms / BURST.acts + 1, 0],
    ["twice in one go", 2 * (BURST.acts + 1), 1_000, 1],
  ])("%s", (_, count, apart, found) => {
    const all = unusual(run(count, apart), USUAL);
    expect(all).toHaveLength(found);
    // Two runs of the same person are alike: one finding that counts two.
    if (count > BURST.acts + 1 && found > 0) expect(all[0]?.count).toBe(2);
  });
});

test("the most serious first, what is alike once with its number, the newest of it shown", () => {
  const tries = [0, 1, 2].map((m) => act({ action: "access.refused", at: NOON + m }));
  const found = unusual([act({ from: "198.51.100.1" }), ...tries, act({ action: "break_glass.used" })], USUAL);
  expect(found.map((f) => [f.act.action, f.count])).toEqual([
    ["break_glass.used", 1],
    ["access.refused", 3],
    ["incident.note", 1],
  ]);
  expect(found[1]?.act.at).toBe(NOON + 2);
});

test("of somebody unknown it is said once, and what they did beside it stands for itself", () => {
  const found = unusual(
    [act({ actor: "new" }), act({ actor: "new", action: "sink.create" }), act({ actor: "new", action: "sink.remove" })],
    USUAL,
  );
  expect(found.flatMap((f) => f.why).filter((w) => w === "new_person")).toHaveLength(1);
  expect(found.some((f) => f.why.includes("quieter"))).toBe(true);
});

test("each rule says why in a sentence", () => {
  for (const rule of Object.values(RULES)) expect(rule.sentence).toMatch(/^[A-Z].*\.$/);
});
