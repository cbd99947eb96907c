import { describe, expect, test } from "vitest";
import type { ExtraResult, Outcome } from "../outcome.ts";
import { agreementOf, believedMs, isDue, periodOf } from "./due.ts";
import { foldExtras } from "./fold.ts";
import { checkOf, type ExtraCheck } from "./index.ts";
import { withExtras } from "./merge.ts";
import { type Planned, settled } from "./settle.ts";

const ID = "7f6f3c1e-0000-4000-8000-000000000001";
const NOW = Date.parse("2026-11-21T12:00:00Z");
const check = checkOf({
  ...{ id: ID, kind: "health_url", name: "Pool", everyS: 120, callsPerDay: 10 },
  settings: { family: "plain", url: "https://x.example/health" },
}) as ExtraCheck;
const result = (status: ExtraResult["status"], more: Partial<ExtraResult> = {}): ExtraResult => ({
  ...{ id: ID, kind: "health_url", name: "Pool", status, phase: "health", latencyMs: 5, at: NOW - 60_000 },
  ...{ reason: status === "degraded" ? "health_degraded" : null, evidence: { detail: "seen" } },
  ...more,
});
const planned = (more: Partial<Planned>): Planned => ({
  ...{ check, last: null, due: true, spent: false, used: 3 },
  ...more,
});
const say = (p: Partial<Planned>, fresh: ExtraResult | null) => settled(planned(p), fresh, 60, NOW);

describe("what a region says of a check", () => {
  test("is its fresh look, by the clock of whoever asked, with the looks counted", () => {
    expect(say({}, result("up", { at: 1 }))).toMatchObject({ status: "up", at: NOW, used: 3 });
  });
  test("is its last good look for as long as that is believed, and then unknown", () => {
    const last = (ageMs: number) => result("up", { at: NOW - ageMs });
    const still = { due: false, used: null };
    expect(say({ ...still, last: last(believedMs(check, 60)) }, null).status).toBe("up");
    expect(say({ ...still, last: last(believedMs(check, 60) + 1) }, null).status).toBe("unknown");
  });
  test("is not believed for longer because it was seen by a clock that was ahead", () => {
    const last = result("up", { at: NOW + 3_600_000 });
    expect(say({ due: false, used: null, last }, null).status).toBe("unknown");
    expect(isDue(check, "fra", last, NOW)).toBe(true);
  });
  test("is its last failing look until a good one, however long that takes", () => {
    const last = result("degraded", { at: NOW - 86_400_000 });
    expect(say({ last }, null).status).toBe("degraded");
    expect(say({ last }, result("unknown")).status).toBe("degraded");
    expect(say({ last, spent: true, used: null }, null).evidence.detail).toMatch(/seen .*10 looks of today are spent/);
    expect(say({ last }, result("up")).status).toBe("up");
  });
  test("is unknown, and never green, when no look is left", () => {
    expect(say({ last: result("up"), spent: true, used: null }, null)).toMatchObject({
      status: "unknown",
      reason: null,
    });
  });
  test("is unknown before the first look", () => {
    expect(say({}, null)).toMatchObject({ status: "unknown", at: null });
  });
  test("a session that is lost once is no failure, and one that is lost again is", () => {
    const lost = result("degraded", {
      reason: "session_lost",
      evidence: { cause: "session_not_held", detail: "gone" },
    });
    const once = say({}, lost);
    expect(once).toMatchObject({ status: "unknown", reason: null });
    expect(say({ last: once }, lost)).toMatchObject({ status: "degraded", reason: "session_lost" });
    expect(say({ last: result("up") }, lost).status).toBe("unknown");
  });
});

describe("a look is due", () => {
  test("once a period, at a place of its own for each region", () => {
    const dues = (region: string) =>
      Array.from({ length: 40 }, (_, i) => i * 60_000).filter(
        (slot, i, all) => i > 0 && periodOf(ID, region, 300, slot) > periodOf(ID, region, 300, all[i - 1] as number),
      );
    expect(dues("fra").length).toBe(8);
    expect(new Set(["fra", "iad", "sin", "syd", "gru"].map((r) => (dues(r)[0] ?? 0) % 300_000)).size).toBeGreaterThan(
      1,
    );
  });
  test("at first, and in every slot after anything but a good one", () => {
    const every = { id: ID, everyS: 300 };
    const at = periodOf(ID, "fra", 300, NOW) === periodOf(ID, "fra", 300, NOW + 60_000) ? NOW : NOW + 60_000;
    expect(isDue(every, "fra", null, at)).toBe(true);
    expect(isDue(every, "fra", result("up", { at }), at + 1)).toBe(false);
    expect(isDue(every, "fra", result("degraded", { at }), at + 1)).toBe(true);
    expect(isDue(every, "fra", result("unknown", { at }), at + 1)).toBe(true);
  });
  test("again when what is agreed on has changed", () => {
    expect(agreementOf(check)).toBe(agreementOf({ ...check }));
    expect(agreementOf(check)).not.toBe(agreementOf({ ...check, settings: { ...check.settings, contains: "x" } }));
  });
});

describe("a failing check", () => {
  const server = (status: Outcome["status"]) => ({ status, reason: null, phase: null, evidence: {} });
  const bad = result("degraded", { evidence: { cause: "health_body", detail: "4 is above 0" } });
  test("makes a server that works degraded, by its name", () => {
    expect(withExtras(server("up"), [result("up"), bad])).toMatchObject({
      ...{ status: "degraded", reason: "health_degraded", phase: "health" },
      evidence: { cause: "health_body", detail: "Pool: 4 is above 0" },
    });
  });
  test.each(["down", "degraded", "unknown"] as const)("says nothing over a server that is %s", (status) => {
    expect(withExtras(server(status), [bad])).toEqual(server(status));
  });
  test("that is unknown leaves the server as it is", () => {
    expect(withExtras(server("up"), [result("unknown")])).toEqual(server("up"));
  });
});

test("two regions of several make a check fail, or the only one; one alone does not", () => {
  const sealed = (states: ExtraResult["status"][]) => ({
    ...{ tenantId: ID, serverId: ID, slot: 0, transcripts: {}, expected: states.map((_, i) => `r${i}`) },
    outcomes: Object.fromEntries(states.map((s, i) => [`r${i}`, { extras: [result(s)] } as Outcome])),
  });
  const folded = (...states: ExtraResult["status"][]) => foldExtras(sealed(states))?.[ID]?.status;
  expect([folded("degraded", "up", "up"), folded("degraded", "degraded", "up")]).toEqual(["up", "degraded"]);
  expect([folded("degraded"), folded("unknown", "unknown"), folded("degraded", "unknown")]).toEqual([
    ...["degraded", "unknown", "unknown"],
  ]);
});

test.each([
  ["a kind of another version", { kind: "telepathy", settings: {} }],
  ["a kind by an inherited name", { kind: "constructor", settings: {} }],
  ["settings that do not parse", { kind: "canary", settings: { tool: "" } }],
])("%s is left out", (_what, row) => {
  expect(checkOf({ id: ID, name: "x", everyS: 60, callsPerDay: 1, ...row })).toBeNull();
});
