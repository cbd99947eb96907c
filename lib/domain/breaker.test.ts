import { expect, test } from "vitest";
import {
  asked,
  doorOf,
  failed,
  FIRST_PAUSE_MS,
  LONGEST_ASKED_MS,
  OPENS_AFTER,
  roomLeft,
  type Trouble,
} from "./breaker.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

function open(): Trouble {
  let trouble: Trouble | undefined;
  for (let i = 0; i < OPENS_AFTER; i++) trouble = failed(trouble, NOW);
  return trouble as Trouble;
}

test("a pause ends when it is over, and also when the clock is set back before it began", () => {
  expect(doorOf(open(), NOW + FIRST_PAUSE_MS - 1)).toBe("open");
  expect(doorOf(open(), NOW + FIRST_PAUSE_MS)).toBe("half_open");
  expect(doorOf(open(), NOW - HOUR)).toBe("half_open");
});

test.each([1e9, Number.POSITIVE_INFINITY])("asked for %d seconds, a sink is left alone for four hours", (seconds) => {
  const trouble = asked(undefined, seconds, NOW);
  expect(doorOf(trouble, NOW + LONGEST_ASKED_MS - 1)).toBe("open");
  expect(doorOf(trouble, NOW + LONGEST_ASKED_MS)).toBe("one_at_a_time");
});

test("requests that lie ahead of a clock that was set back take nobody's room", () => {
  const rate = { requests: 2, perMs: 1_000 };
  expect(roomLeft(rate, [NOW, NOW], NOW)).toBe(0);
  expect(roomLeft(rate, [NOW, NOW], NOW - HOUR)).toBe(2);
});
