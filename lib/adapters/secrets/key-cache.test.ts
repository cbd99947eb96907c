import fc from "fast-check";
import { expect, test } from "vitest";
import { CACHE_KEYS, CACHE_MS, keyCache } from "./key-cache.ts";

/** What a load gives: two bytes that say whose it is. */
const keyFor = (tenant: number, id: number): Buffer => Buffer.from([1 + tenant, 1 + id]);

test("whatever waits, is kept, thrown out, cleared or fails in whatever order, a key never comes under another's name", async () => {
  let given = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(
        fc.oneof(
          {
            weight: 8,
            arbitrary: fc.record({
              do: fc.constant("get" as const),
              tenant: fc.nat(3),
              id: fc.nat(2),
              fails: fc.integer({ min: 0, max: 9 }),
            }),
          },
          { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const) }) },
          { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(CACHE_MS) }) },
          { weight: 1, arbitrary: fc.record({ do: fc.constant("spoil" as const) }) },
        ),
        { minLength: 10, maxLength: 50 },
      ),
      async (s, acts) => {
        let now = 0;
        const cache = keyCache(3, CACHE_MS, () => now);
        const out: Buffer[] = [];
        const waiting: Promise<void>[] = [];
        for (const act of acts) {
          if (act.do === "pass") now += act.ms;
          else if (act.do === "clear") cache.clear();
          // A caller overwrites its copy when it is done: nobody else's may change with it.
          else if (act.do === "spoil") out.pop()?.fill(0);
          else {
            const load = async (): Promise<Buffer> => {
              await s.schedule(Promise.resolve());
              if (act.fails === 0) throw new Error("away");
              return keyFor(act.tenant, act.id);
            };
            waiting.push(
              cache.get(`t${act.tenant}`, `k${act.id}`, load).then(
                (key) => {
                  expect([...key]).toEqual([...keyFor(act.tenant, act.id)]);
                  out.push(key);
                  given++;
                },
                (error) => expect(String(error)).toContain("away"),
              ),
            );
          }
          if (s.count() > 4) await s.waitOne();
          expect(cache.size).toBeLessThanOrEqual(3);
        }
        await s.waitAll();
        await Promise.all(waiting);
        for (let tenant = 0; tenant < 4; tenant++)
          for (let id = 0; id < 3; id++) {
            const held = cache.peek(`t${tenant}`, `k${id}`);
            if (held) expect([...held]).toEqual([...keyFor(tenant, id)]);
          }
      },
    ),
    { numRuns: 200 },
  );
  expect(given).toBeGreaterThan(500);
});

test("a key is kept for five minutes, and no more than a thousand are", async () => {
  let now = 0;
  const cache = keyCache(CACHE_KEYS, CACHE_MS, () => now);
  let loads = 0;
  const load = async () => {
    loads++;
    return Buffer.from("key");
  };
  await cache.get("t", "k", load);
  now += CACHE_MS - 1;
  await cache.get("t", "k", load);
  expect(loads).toBe(1);
  now += 1;
  expect(cache.peek("t", "k")).toBeNull();
  await cache.get("t", "k", load);
  expect(loads).toBe(2);
  for (let i = 0; i < 1_200; i++) await cache.get("t", `k${i}`, load);
  expect(cache.size).toBe(1_000);
  // A quiet cache does not hold what is over either, once anything is asked of it.
  now += CACHE_MS;
  await cache.get("t", "another", load);
  expect(cache.size).toBe(1);
});

test("whoever wants the same key at once has it loaded once, each with a copy of its own", async () => {
  const cache = keyCache();
  let loads = 0;
  const load = async () => {
    loads++;
    return Buffer.from("key");
  };
  const [a, b] = await Promise.all([cache.get("t", "k", load), cache.get("t", "k", load)]);
  a?.fill(0);
  expect([loads, b?.toString(), (await cache.get("t", "k", load)).toString()]).toEqual([1, "key", "key"]);
});
