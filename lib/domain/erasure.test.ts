import { describe, expect, test } from "vitest";
import { dueOn, erasureInput } from "./erasure.ts";

describe("a request is due one month after it was received", () => {
  test.each([
    ["2026-11-21T15:00:00Z", "2026-12-21"],
    ["2026-12-31T23:59:59Z", "2027-01-31"],
    ["2027-01-31T00:00:00Z", "2027-02-28"],
    ["2028-01-30T12:00:00Z", "2028-02-29"],
    ["2026-08-31T12:00:00Z", "2026-09-30"],
  ])("%s: %s", (received, due) => {
    expect(dueOn(new Date(received)).toISOString().slice(0, 10)).toBe(due);
  });
});

describe("what is filed", () => {
  const good = {
    subjectKind: "account",
    controller: "tenant",
    identifiers: " ann@example.com\r\n\nann@example.com\nAnn Example ",
  };

  test("each identifier stands once, without what cannot be seen", () => {
    expect(erasureInput.parse({ ...good, identifiers: "a\u200bnn@example.com\nann@example.com" }).identifiers).toEqual([
      "a nn@example.com",
      "ann@example.com",
    ]);
    expect(erasureInput.parse(good)).toEqual({
      subjectKind: "account",
      controller: "tenant",
      identifiers: ["ann@example.com", "Ann Example"],
      note: "",
    });
  });

  test.each([
    ["no identifier", { identifiers: " \n " }],
    ["one of two characters", { identifiers: "ab" }],
    ["twenty-one of them", { identifiers: Array.from({ length: 21 }, (_, i) => `person-${i}`).join("\n") }],
    ["a kind that is none", { subjectKind: "constructor" }],
    ["no controller", { controller: "" }],
    ["a field of its own", { tenantId: "x" }],
    ["nine thousand characters", { note: "x".repeat(9_000) }],
  ])("%s is refused", (_name, change) => {
    expect(erasureInput.safeParse({ ...good, ...change }).success).toBe(false);
  });
});
