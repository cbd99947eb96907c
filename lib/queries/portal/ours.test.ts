import { expect, test } from "vitest";
import { evidenceFor } from "./ours.ts";

test.each([
  ["connection_refused", "3 of 3 regions: Connection refused: “no”.", "3 of 3 regions: Connection refused: “no”."],
  ["prober_fault", "The prober of fra was stopped.", ""],
  [
    "health_degraded",
    "2 of 2 regions: Health endpoint says degraded (HTTP 200) on the health address: “pool: ”a password“”. 1 did not report.",
    "2 of 2 regions: Health endpoint says degraded (HTTP 200) on the health address. 1 did not report.",
  ],
  ["canary_failed", "Only fra: Test call failed on a tool call", "Only fra: Test call failed on a tool call"],
])("of %s a customer reads no fault of ours and no words out of another's address", (reason, evidence, shown) => {
  expect(evidenceFor(reason, evidence)).toBe(shown);
});
