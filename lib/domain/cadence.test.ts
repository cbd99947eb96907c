import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dueWithin, sealAt, slotOffset, slotStart, tooOld } from "./cadence.ts";

const AT = Date.parse("2026-11-21T12:00:00Z");
const intervals = fc.constantFrom(15, 20, 30, 60, 120, 300);

describe("cadence", () => {
  test.each([
    [60, "2026-11-21T12:00:59.999Z", "2026-11-21T12:00:00Z"],
    [60, "2026-11-21T12:01:00.000Z", "2026-11-21T12:01:00Z"],
    [15, "2026-11-21T12:00:29.999Z", "2026-11-21T12:00:15Z"],
    [20, "2026-11-21T12:00:20.000Z", "2026-11-21T12:00:20Z"],
  ])("cuts time into slots of %i s: %s belongs to %s", (interval, at, start) => {
    expect(slotStart(Date.parse(at), interval)).toBe(Date.parse(start));
  });

  test("looks at every server exactly once per slot, however the time is cut into windows", () => {
    fc.assert(
      fc.property(fc.uuid(), intervals, fc.integer({ min: 777, max: 7_000 }), (id, interval, stepMs) => {
        let due = 0;
        const end = AT + 10 * interval * 1_000;
        for (let at = AT; at < end; at += stepMs)
          if (dueWithin(id, interval, at, Math.min(end, at + stepMs)) !== null) due += 1;
        expect(due).toBe(10);
      }),
    );
  });

  test("looks 1,440 times a day at 60 s", () => {
    let looks = 0;
    for (let at = AT; at < AT + 86_400_000; at += 5_000) if (dueWithin("6f8a", 60, at, at + 5_000) !== null) looks += 1;
    expect(looks).toBe(1_440);
  });

  test("keeps a server's place and spreads a thousand of them over three quarters of the slot", () => {
    const offsets = Array.from({ length: 1_000 }, (_, i) => slotOffset(`server-${i}`, 60));
    expect(offsets).toEqual(Array.from({ length: 1_000 }, (_, i) => slotOffset(`server-${i}`, 60)));
    const perSecond = Map.groupBy(offsets, (o) => Math.floor(o / 1_000));
    expect(Math.max(...offsets)).toBeLessThan(45_000);
    expect(perSecond.size).toBe(45);
    expect(Math.max(...[...perSecond.values()].map((v) => v.length))).toBeLessThan(50);
  });

  test("closes a slot 20 s after its end, and what comes then is too old", () => {
    expect(sealAt(AT, 60)).toBe(AT + 80_000);
    expect([tooOld(AT, 60, AT + 79_999), tooOld(AT, 60, AT + 80_000)]).toEqual([false, true]);
  });
});
