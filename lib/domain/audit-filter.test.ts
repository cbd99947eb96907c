import { expect, test } from "vitest";
import { BUILT_IN_VIEWS, EVERYTHING, filterQuery, queryAgain } from "./audit-filter.ts";

const ID = "3f0c9a52-6a43-4a0e-8f5e-0a2f6c8d1b7e";

test.each([
  ["everything", "", {}],
  ["a noun", "action=incident", { action: "incident" }],
  ["several nouns", "action=role,person", { action: "role,person" }],
  [
    "who, in whose place, on what",
    `actor=${ID}&as=${ID}&target=server:${ID}`,
    { actor: ID, actAs: ID, target: `server:${ID}` },
  ],
  ["an address of each kind", "addr=2001:DB8::1", { address: "2001:db8::1" }],
  ["only some, in one order", "only=visits,refused,nonsense", { only: ["refused", "visits"] }],
  ["days", "from=2026-11-01&to=2026-11-30", { from: "2026-11-01", to: "2026-11-30" }],
  ["what is not understood is left out", "actor=' OR 1=1&action=A;B&from=yesterday&addr=home&tenant=../x&target=a", {}],
  ["what is said twice is left out", "q=a&q=b", {}],
  ["a search with what no text holds", "q=a%00b%ED%A0%80", { text: "ab\ufffd\ufffd\ufffd" }],
  ["days that no calendar has", "from=2026-02-30&to=9999-12-31", {}],
  ["a long search is cut", `q=${"x".repeat(300)}`, { text: "x".repeat(200) }],
])("%s", (_, query, expected) => expect(queryAgain(query)).toEqual({ ...EVERYTHING, ...expected }));

test("what is written is read again as the same, and written the same again", () => {
  const filter = queryAgain(`action=sink&actor=${ID}&only=reason,refused&q=a%26b%3D%20c&tenant=all&from=2026-11-01`);
  expect(queryAgain(filterQuery(filter))).toEqual(filter);
  expect(filterQuery(queryAgain(filterQuery(filter)))).toBe(filterQuery(filter));
});

test("the views that are built in are written as the parser writes them", () => {
  for (const view of BUILT_IN_VIEWS) expect(filterQuery(queryAgain(view.query)), view.name).toBe(view.query);
});
