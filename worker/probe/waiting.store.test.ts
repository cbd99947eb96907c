import { afterAll, expect, test } from "vitest";
import { testRedis } from "#lib/testing/redis";
import type { ProbeResult } from "./result.ts";
import { faultResult } from "./result.ts";
import type { Prober } from "./supervisor.ts";
import type { ProbeTarget } from "./transcript.ts";
import { waiting } from "./waiting.ts";

const store = testRedis();
afterAll(() => store.close());

/** Answers everything with 429. */
const limiting = (headers: Record<string, string>): Prober => ({
  async run(targets, _policy, events) {
    for (const { serverId } of targets) {
      const seen = faultResult(serverId, "", "");
      const response = { status: 429, headers, contentType: "", bytes: 0, bodyHead: "" };
      const steps = [{ phase: "discover", title: "x", startMs: 0, durationMs: 0, response }];
      const judgement = { ...seen.judgement, status: "unknown", reason: "rate_limited" };
      events.result({ ...seen, judgement, transcript: { ...seen.transcript, steps } } as ProbeResult);
    }
  },
});

test.each<[what: string, headers: Record<string, string>, comesBack: boolean]>([
  ["a server that said when", { "retry-after": "60" }, true],
  ["one that did not, and so is not believed for longer", {}, false],
])("is not asked again, and says that it comes back only for %s", async (what, headers, comesBack) => {
  const pool = waiting(limiting(headers), { redis: store.redis, prefix: store.prefix, region: "fra" });
  const seen: ProbeResult[] = [];
  const target = { serverId: what, tenantId: "t", url: "", headers: {}, knownEra: null } satisfies ProbeTarget;
  for (const _ of [1, 2]) await pool.run([target], { allow: [] }, { result: (r) => seen.push(r) });
  const [first, second] = seen;
  expect(first?.transcript.steps).toHaveLength(1);
  expect(second?.transcript.steps).toEqual([]);
  expect(second?.judgement).toMatchObject({ status: "unknown", reason: "rate_limited" });
  expect(second?.judgement.evidence.retryAfterS !== undefined).toBe(comesBack);
});
