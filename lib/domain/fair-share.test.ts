import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FairLine, mostOf } from "./fair-share.ts";

const line = (...items: [tenant: string, cost: number][]) => {
  const made = new FairLine<{ tenantId: string; cost: number; n: number }>();
  items.forEach(([tenantId, cost], n) => {
    made.push({ tenantId, cost, n });
  });
  return made;
};
const always = () => true;
const drain = (l: ReturnType<typeof line>) => {
  const order: string[] = [];
  for (let next = l.take(always); next !== null; next = l.take(always)) order.push(next.tenantId);
  return order.join("");
};

describe("whose turn it is", () => {
  test("one batch each in turn, however many one tenant has waiting", () => {
    expect(drain(line(["a", 25], ["a", 25], ["a", 25], ["b", 25], ["c", 25], ["b", 25]))).toBe("abcaba");
  });

  test("a tenant of small batches has as many servers started in a round as one of large batches", () => {
    const small = Array.from({ length: 10 }, (): [string, number] => ["s", 5]);
    expect(drain(line(...small, ["L", 25], ["L", 25]))).toBe("sssssLsssssL");
  });

  test("who has no place is passed over, keeps its turn, and stops nobody", () => {
    const l = line(["full", 5], ["b", 5], ["full", 5]);
    expect(l.take(({ tenantId }) => tenantId !== "full")?.tenantId).toBe("b");
    expect(l.take(({ tenantId }) => tenantId !== "full")).toBeNull();
    expect(l.take(always)?.n).toBe(0);
  });

  test("what is not worth its turn any more leaves the line", () => {
    const l = line(["a", 1], ["a", 1], ["b", 1]);
    expect(l.drop(({ n }) => n !== 1).map((i) => i.n)).toEqual([0, 2]);
    expect([l.size, drain(l)]).toEqual([1, "a"]);
  });

  test("nobody who fits waits longer than one round of the others, and everything comes out once, in its own order", () => {
    const batches = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 25 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(batches, (given) => {
        const l = line(...given);
        const tenants = new Set(given.map(([t]) => t)).size;
        const out: { tenantId: string; cost: number; n: number }[] = [];
        for (let next = l.take(always); next !== null; next = l.take(always)) out.push(next);
        expect(out.map((o) => o.n).toSorted((x, y) => x - y)).toEqual(given.map((_, n) => n));
        for (const tenant of new Set(given.map(([t]) => t))) {
          const own = out.filter((o) => o.tenantId === tenant).map((o) => o.n);
          expect(own).toEqual(own.toSorted((x, y) => x - y));
          // Between two turns of one tenant each other one starts at most two quanta's worth.
          const [first = 0] = out.flatMap((o, i) => (o.tenantId === tenant ? [i] : []));
          const before = out.slice(0, first).reduce((sum, o) => sum + o.cost, 0);
          expect(before).toBeLessThanOrEqual((tenants - 1) * 50);
        }
      }),
    );
  });
});

test.each([
  [8, 2],
  [16, 4],
  [3, 1],
  [1, 1],
])("of %i places one tenant holds %i at most", (places, most) => {
  expect(mostOf(places)).toBe(most);
});
