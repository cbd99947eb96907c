import { describe, expect, test } from "vitest";
import { quarterOf, SECRET_AGE_MS, secretFaults, type StoredSecret } from "./secret-inventory.ts";

const NOW = Date.UTC(2026, 10, 21);
const secret = (over: Partial<StoredSecret> = {}): StoredSecret => ({
  tenantId: "t",
  kind: "sink",
  id: "s",
  since: NOW - 1_000,
  usedAt: NOW - 1_000,
  live: true,
  holders: ["worker"],
  kekId: "file:0123456789abcdef",
  firstForm: false,
  ...over,
});
const OLD = NOW - SECRET_AGE_MS;

describe("what is wrong with a stored secret", () => {
  test.each<[what: string, over: Partial<StoredSecret>, faults: string[]]>([
    ["nothing, where it is young and used", {}, []],
    ["nothing, a second before its 90 days are over", { since: OLD + 1_000 }, []],
    ["its age, from 90 days on, however often it was used", { since: OLD }, ["overdue"]],
    ["that nothing used it for 90 days", { since: OLD - 5, usedAt: OLD - 1 }, ["overdue", "unused"]],
    ["not that it is unused while it is new", { usedAt: null }, []],
    ["that what it belongs to is switched off", { live: false }, ["no_grant"]],
    ["that no region may use it", { kind: "server_credential", holders: [] }, ["no_grant"]],
    ["that its data key is gone", { kekId: null }, ["shut"]],
    ["nothing of its form: the first one still opens", { kekId: null, firstForm: true }, []],
    ["nothing of the age of a session, which ends by itself", { kind: "session", since: OLD - 1 }, []],
  ])("%s", (_what, over, faults) => expect(secretFaults(secret(over), NOW)).toEqual(faults));
});

test.each([
  ["2026-11-21T10:00:00Z", "2026-09-28"],
  ["2026-12-31T23:59:59Z", "2026-09-28"],
  ["2027-01-01T00:00:00Z", "2026-12-28"],
  ["2024-01-01T00:00:00Z", "2024-01-01"],
])("at %s the quarter's report is that of the week of %s", (at, monday) =>
  expect(quarterOf(Date.parse(at))).toBe(monday),
);
