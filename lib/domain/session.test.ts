import { expect, test } from "vitest";
import { sessionHolds, SESSION_ABSOLUTE_MS, SESSION_IDLE_MS } from "./session.ts";

const start = new Date("2026-11-21T06:00:00Z");
const at = (ms: number) => new Date(start.getTime() + ms);

test.each([
  ["just signed in", 0, 0, true],
  ["a moment before the idle limit", 0, SESSION_IDLE_MS - 1, true],
  ["at the idle limit", 0, SESSION_IDLE_MS, false],
  ["active, a moment before the absolute limit", SESSION_ABSOLUTE_MS - 1000, SESSION_ABSOLUTE_MS - 1, true],
  ["active, at the absolute limit", SESSION_ABSOLUTE_MS - 1000, SESSION_ABSOLUTE_MS, false],
])("a session that is %s holds or not", (_, seen, now, holds) => {
  expect(sessionHolds({ lastSeenAt: at(seen), expiresAt: at(SESSION_ABSOLUTE_MS) }, at(now))).toBe(holds);
});
