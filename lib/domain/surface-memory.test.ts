import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { toolSurface } from "./surface.ts";

test("lists of megabytes, another one each time, are not kept in memory", () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const used = () => {
    gc();
    return process.memoryUsage().heapUsed / 1024 / 1024;
  };
  const properties = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, { type: "string" }]));
  const list = (round: number) =>
    Array.from({ length: 1_000 }, (_, n) => ({
      name: `tool-${n}`,
      description: `${round} ${"word ".repeat(100)}`,
      inputSchema: { type: "object", properties: structuredClone(properties) },
    }));
  const before = used();
  for (let round = 0; round < 25; round += 1) expect(toolSurface(list(round)).surface.count).toBe(1_000);
  expect(used() - before).toBeLessThan(25);
});
