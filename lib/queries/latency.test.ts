import { expect, test } from "vitest";
import { type LatencyMinute, thin } from "./latency.ts";

const minute = (slot: number, status: LatencyMinute["status"]): LatencyMinute => ({ slot, status, regions: {} });

test("thinning keeps the one bad minute among many good ones", () => {
  const points = Array.from({ length: 1000 }, (_, i) => minute(i, i === 517 ? "down" : "up"));
  const thinned = thin(points, 100);
  expect(thinned.length).toBeLessThanOrEqual(100);
  expect(thinned.filter((p) => p.status === "down").map((p) => p.slot)).toEqual([517]);
});

test("few points are left as they are", () => {
  const points = [minute(1, "up"), minute(2, "down")];
  expect(thin(points, 100)).toBe(points);
});
