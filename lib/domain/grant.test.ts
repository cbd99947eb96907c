// Half an hour and not a moment longer; nobody looks as the staff, and nobody outside their own tenants.
import { describe, expect, test } from "vitest";
import type { Membership } from "./bindings.ts";
import { DECIDE_MS, endWords, mayVisit, secondsLeft, standingAsTarget, VISIT_MS, visitState } from "./grant.ts";

const start = new Date("2026-11-21T12:00:00Z");
const at = (ms: number) => new Date(start.getTime() + ms);
const running = {
  mode: "ro",
  askedAt: start,
  approvedAt: null,
  startedAt: start,
  notAfter: at(VISIT_MS),
  endedAt: null,
};
const asked = { ...running, mode: "rw", startedAt: null, notAfter: null };
const M = 60_000;

describe("a visit at a moment", () => {
  test.each([
    ["runs at 29:59", running, 30 * M - 1000, "runs"],
    ["is over at 30:00", running, 30 * M, "over"],
    ["is over at 30:01", running, 30 * M + 1000, "over"],
    ["is over once it was ended", { ...running, endedAt: at(M) }, 2 * M, "over"],
    ["waits for a second person for 15 minutes", asked, DECIDE_MS, "asked"],
    ["waits no longer", asked, DECIDE_MS + 1, "over"],
    ["waits to begin for 15 minutes after the leave", { ...asked, approvedAt: at(10 * M) }, 25 * M, "approved"],
    ["and no longer", { ...asked, approvedAt: at(10 * M) }, 25 * M + 1, "over"],
  ])("%s", (_, visit, ms, state) => expect(visitState(visit, at(ms))).toBe(state));

  test("its cookie never lives past it", () => {
    expect(secondsLeft(at(1999), start)).toBe(1);
    expect(secondsLeft(start, at(5000))).toBe(0);
  });
});

const of = (layer: Membership["layer"], tenantSlug: string | null = null): Membership => ({ layer, tenantSlug });

test.each([
  ["root, anywhere", [of("root")], true],
  ["an operator, in an own tenant", [of("operator", "acme")], true],
  ["an operator, in another tenant", [of("operator", "beta")], false],
  ["an auditor", [of("auditor")], false],
  ["a customer", [of("customer", "acme")], false],
])("who looks into acme: %s", (_, members, may) => expect(mayVisit(members, "acme")).toBe(may));

test.each([
  ["a customer", [of("customer", "acme")], false, "customer"],
  ["a disabled customer", [of("customer", "acme")], true, "disabled"],
  ["a customer of two tenants", [of("customer", "acme"), of("customer", "beta")], false, "customer"],
  ["a customer who operates elsewhere", [of("customer", "acme"), of("operator", "beta")], false, "staff"],
  ["the tenant's operator", [of("operator", "acme")], false, "staff"],
  ["a root operator", [of("root")], false, "staff"],
  ["an auditor", [of("auditor")], false, "staff"],
  ["a customer of another tenant", [of("customer", "beta")], false, "stranger"],
  ["another tenant's operator", [of("operator", "beta")], false, "stranger"],
  ["nobody", [], true, "stranger"],
])("looking as %s", (_, members, disabled, standing) =>
  expect(standingAsTarget(members, disabled, "acme")).toBe(standing),
);

test("an end is said in words, and one that is not known as it was written", () => {
  expect(endWords("time")).toBe("The 30 minutes were over");
  expect(endWords("constructor")).toBe("constructor");
  expect(endWords(null)).toBe("");
});
