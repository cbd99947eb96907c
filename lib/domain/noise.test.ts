import { expect, test } from "vitest";
import { noise, type Page } from "./noise.ts";

const START = Date.parse("2026-11-02T00:00:00Z");
const H = 3_600_000;
const hourOf = (at: number) => new Date(at).getUTCHours();
let n = 0;
const page = (atH: number, more: Partial<Page> = {}): Page => ({
  ...{ at: START + atH * H, sinkId: "s1", sink: "pager", person: null, incidentId: `i${n++}`, serverId: "a" },
  ...{ subject: "Search", reason: "timeout", startedAt: START + atH * H, acknowledgedAt: null, resolvedAt: null },
  ...{ byHand: false },
  ...more,
});

test("pages are counted by sink, person, reason and server, at night by the reader's clock, incidents once", () => {
  const one = page(3, { incidentId: "x", person: "Ana" });
  const found = noise(
    [
      one,
      { ...one, sinkId: "s2", sink: "chat", person: null, at: one.at + 60_000 },
      page(12, { reason: "dns_failure" }),
    ],
    hourOf,
  );
  expect(found).toMatchObject({ pages: 3, night: 2, incidents: 2 });
  expect(found.sinks).toMatchObject([
    { name: "pager", pages: 2, night: 1, incidents: 2 },
    { name: "chat", pages: 1, night: 1, incidents: 1 },
  ]);
  expect(found.people).toMatchObject([{ name: "Ana", pages: 1 }]);
  expect(found.reasons.map((r) => [r.name, r.pages])).toEqual([
    ["No answer in time", 2],
    ["Name does not resolve", 1],
  ]);
  expect(noise([one], (at) => (hourOf(at) + 9) % 24).night).toBe(0);
});

test("what was told, never acknowledged and is over by itself was acted on by nobody; by hand it was", () => {
  const over = START + 5 * H;
  const found = noise(
    [
      page(1, { resolvedAt: over }),
      page(1, { resolvedAt: over, byHand: true }),
      page(1, { resolvedAt: over, acknowledgedAt: START + 2 * H }),
      page(1),
    ],
    hourOf,
  );
  expect(found.ignored).toBe(1);
  expect(found.medianAckMs).toBe(H);
});

test.each<[string, Page[], RegExp | null]>([
  ["few", [page(1), page(2)], null],
  ["the same hour of several days", [0, 1, 2, 3].map((d) => page(24 * d + 2)), /between 02:00 and 03:00, on 4 days/],
  [
    "short ones that nobody acts on",
    [1, 30, 59, 80].map((h) => page(h, { resolvedAt: START + h * H + 240_000 })),
    /4 of 4 were over within ten minutes/,
  ],
  ["one after the other", [1, 1.5, 2.2, 2.9].map((h) => page(h)), /find out why it flaps/],
  [
    "long ones that nobody acts on",
    [1, 30, 59, 80].map((h) => page(h, { resolvedAt: START + (h + 2) * H })),
    /milder severity/,
  ],
])("%s: what is suggested for the server", (_what, pages, says) => {
  const [server] = noise(pages, hourOf).servers;
  if (says === null) expect(server?.suggestion).toBeNull();
  else expect(server?.suggestion).toMatch(says);
});
