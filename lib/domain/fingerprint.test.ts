import { expect, test } from "vitest";
import { dedupKey, fingerprint, type Mode, modeOf, modeOfFingerprint, speaksAgainst } from "./fingerprint.ts";
import type { Reason, Status } from "./reason.ts";

const v = (status: Status, reason: Reason | null) => ({
  status,
  reason,
  pattern: reason === "region_failing" ? ("one" as const) : ("all" as const),
});

test.each<[Status, Reason | null, Mode | null, Mode[]]>([
  ["down", "timeout", "serving", ["unchecked"]],
  ["down", "connection_refused", "serving", ["unchecked"]],
  ["degraded", "empty_tool_list", "serving", ["unchecked"]],
  ["degraded", "region_failing", null, ["serving", "unchecked"]],
  ["up", null, null, ["serving", "unchecked", "drift", "expiry"]],
  ["up", "auth_required", null, ["serving", "unchecked", "drift", "expiry"]],
  ["up", "tls_expiring", "expiry", ["serving", "unchecked", "drift"]],
  ["up", "credential_expiring", "expiry", ["serving", "unchecked", "drift"]],
  ["up", "schema_drift", "drift", ["serving", "unchecked", "expiry"]],
  ["unknown", "not_checked", "unchecked", []],
  ["unknown", "prober_fault", "unchecked", []],
  ["unknown", "rate_limited", null, []],
  ["unknown", "blocked_address", null, []],
])("%s %s is bad in the way of %s and speaks against %j", (status, reason, mode, against) => {
  expect(modeOf(v(status, reason))).toBe(mode);
  expect(
    (["serving", "unchecked", "drift", "expiry"] as const).filter((m) => speaksAgainst(m, v(status, reason))),
  ).toEqual(against);
});

test("nothing is bad in a way and against it at once", () => {
  for (const status of ["up", "degraded", "down", "unknown"] as const) {
    for (const reason of [null, "timeout", "tls_expiring", "schema_drift", "region_failing", "not_checked"] as const) {
      const mode = modeOf(v(status, reason));
      if (mode !== null) expect(speaksAgainst(mode, v(status, reason))).toBe(false);
    }
  }
});

test("a fingerprint gives its mode back, also where the subject has colons of its own", () => {
  expect(modeOfFingerprint(fingerprint("region:fra", "unchecked"))).toBe("unchecked");
  expect(modeOfFingerprint(fingerprint("0000", "expiry"))).toBe("expiry");
});

test("a dedup key is at most 64 characters that every vendor takes", () => {
  expect(dedupKey("00000000-0000-4000-8000-000000000001")).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
});
