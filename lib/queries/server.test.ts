import { expect, test } from "vitest";
import { eachSlotOnce, inCities } from "./server.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 6, minute));
const row = (region: string, kind: string, minute: number) => ({ region, kind, slot: at(minute) });

test.each([
  [
    "a check that is the latest and failed is shown once, as the latest",
    [row("fra", "latest", 5), row("fra", "failing", 5)],
    ["fra latest"],
  ],
  ["an earlier failing one stays", [row("fra", "latest", 5), row("fra", "failing", 3)], ["fra latest", "fra failing"]],
  [
    "the same slot of another region is another check",
    [row("fra", "latest", 5), row("iad", "failing", 5)],
    ["fra latest", "iad failing"],
  ],
])("%s", (_, rows, left) => {
  expect(eachSlotOnce(rows).map((r) => `${r.region} ${r.kind}`)).toEqual(left);
});

test("a kept sentence names its region by the city, and nothing that a server wrote is taken for a region", () => {
  const city = (name: string) => ({ fra: "Frankfurt" })[name] ?? name;
  expect(inCities("Only fra: Connection refused.", city)).toBe("Only Frankfurt: Connection refused.");
  expect(inCities("2 of 3 regions: “Only fra: no”.", city)).toBe("2 of 3 regions: “Only fra: no”.");
});
