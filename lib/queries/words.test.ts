import { describe, expect, test } from "vitest";
import { CAUSES } from "#lib/domain/cause";
import { REASONS } from "#lib/domain/reason";
import { reasonAdvice } from "./words.ts";

describe("what to do", () => {
  test("is said as exactly as the regions saw it", () => {
    const cells = { fra: { reason: "tls_invalid", cause: "tls_expired" }, iad: { reason: "timeout" } };
    expect(reasonAdvice("tls_invalid", cells)).toBe(CAUSES.tls_expired.advice);
    // An incident keeps its regions as a list.
    expect(reasonAdvice("tls_invalid", [{ region: "fra", reason: "tls_invalid", cause: "tls_expired" }])).toBe(
      CAUSES.tls_expired.advice,
    );
  });

  test("is the reason's own sentence where older rows name no cause, and nothing where there is no reason", () => {
    expect(reasonAdvice("tls_invalid", { fra: { reason: "tls_invalid" } })).toBe(REASONS.tls_invalid.advice);
    expect(reasonAdvice("tls_invalid", null)).toBe(REASONS.tls_invalid.advice);
    expect(reasonAdvice(null, {})).toBeNull();
    expect(reasonAdvice("of_a_newer_version", {})).toBeNull();
  });
});
