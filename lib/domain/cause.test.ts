import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { adviceFor, asCause, CAUSE_NAMES, CAUSES, causeAmong, causesAsMarkdown } from "./cause.ts";
import { REASONS } from "./reason.ts";

describe("causes", () => {
  test("have names that fit into evidence, and labels that tell them apart", () => {
    for (const name of CAUSE_NAMES) expect(name).toMatch(/^[a-z0-9_]{3,60}$/);
    const labels = CAUSE_NAMES.map((name) => CAUSES[name].label);
    expect(labels.filter((label, i) => labels.indexOf(label) !== i)).toEqual([]);
  });

  test("tell the owner what to do in one sentence that a notice can carry", () => {
    for (const name of CAUSE_NAMES) {
      expect([name, CAUSES[name].advice]).toEqual([name, expect.stringMatching(/^[A-Z][^\n]{20,200}\.$/)]);
      expect([name, CAUSES[name].advice]).toEqual([name, expect.not.stringMatching(/[.!?] [A-Z]/)]);
    }
  });

  test("name every reason that a look at a server can give", () => {
    const named = new Set<string>(CAUSE_NAMES.map((name) => CAUSES[name].reason));
    const looked = Object.entries(REASONS).filter(([, r]) => ["transport", "handshake"].includes(r.layer));
    expect(looked.map(([name]) => name).filter((name) => !named.has(name))).toEqual(["region_failing"]);
  });

  test("give way to the reason's own sentence where they are unknown or belong to another reason", () => {
    expect(adviceFor("tls_invalid", "tls_expired")).toBe(CAUSES.tls_expired.advice);
    expect(adviceFor("tls_invalid", "connect_refused")).toBe(REASONS.tls_invalid.advice);
    expect(adviceFor("tls_invalid", "toString")).toBe(REASONS.tls_invalid.advice);
    expect(asCause("constructor")).toBeNull();
  });

  test("are taken from the regions that give the reason, most of them first", () => {
    const cell = (reason: string, cause?: string) => ({ reason, cause });
    const seen = [
      cell("tls_invalid", "tls_untrusted"),
      cell("tls_invalid", "tls_expired"),
      cell("tls_invalid", "tls_expired"),
      cell("timeout", "list_timeout"),
      cell("timeout", "list_timeout"),
      cell("timeout", "list_timeout"),
    ];
    expect(causeAmong("tls_invalid", seen)).toBe("tls_expired");
    expect(causeAmong("dns_failure", seen)).toBeNull();
    expect(causeAmong("timeout", [null, 1, cell("timeout", "made_up")])).toBeNull();
  });

  test("and reasons are printed in docs/checks.md as they are", () => {
    const printed = readFileSync(new URL("../../docs/checks.md", import.meta.url), "utf8");
    expect(printed.slice(printed.indexOf("### "))).toBe(causesAsMarkdown());
  });
});
