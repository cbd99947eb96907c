import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { leaseHolder, leaseKeeper } from "#lib/adapters/secrets/lease";
import { testClock } from "#lib/testing/clock";
import { faultResult } from "../probe/result.ts";
import { granter } from "./grant.ts";
import { limits } from "./limits.ts";
import { AgentLink } from "./link.ts";

const MINUTE = 60_000;

test("batches that an agent's key cannot open end with their slot, all of them, and the region goes on", async () => {
  const clock = testClock();
  const link = new AgentLink("lab", granter("a secret of this test"), leaseKeeper());
  try {
    const slot = Math.floor(clock.now().getTime() / MINUTE) * MINUTE;
    const runs = [1, 2, 3].map(() => {
      const [tenantId, serverId] = [randomUUID(), randomUUID()];
      const job = { tenantId, slot, intervalS: 60, servers: [{ id: serverId, expected: ["lab"] }] };
      const target = { serverId, tenantId, url: "https://x.example.com/", headers: { "x-key": "k" }, knownEra: null };
      return link.run([target], { allow: [] }, { result: () => {} }, false, { job });
    });
    expect(() => link.take(8, "A".repeat(60))).toThrow();
    clock.advance(3 * MINUTE);
    expect(link.take(8, "A".repeat(60))).toEqual([]);
    const ended = await Promise.race([Promise.all(runs), new Promise((late) => setTimeout(late, 500, "never"))]);
    expect(ended).not.toBe("never");
  } finally {
    link.close();
    clock.restore();
  }
});

test("an agent that was good lately is let in also in a minute in which strangers knock from everywhere", () => {
  const knocks = limits();
  for (let n = 0; n < 10_000; n++) knocks.tooMany(`2001:db8::${n.toString(16)}`, false, 1);
  expect(knocks.tooMany("198.51.100.7", false, 1)).toBe(true);
  expect(knocks.tooMany("198.51.100.7", true, 1)).toBe(false);
});

test("one tenant's long certificates take no place in an answer beside everybody else's batches", async () => {
  const link = new AgentLink("lab", granter("a secret of this test"), leaseKeeper());
  const slot = Math.floor(Date.now() / MINUTE) * MINUTE;
  const clientCertificate = { certificate: "c".repeat(65_536), privateKey: "k".repeat(65_536) };
  const runs = [1, 2, 3, 4].map(() => {
    const tenantId = randomUUID();
    const servers = Array.from({ length: 25 }, () => ({ id: randomUUID(), expected: ["lab"] }));
    const targets = servers.map(({ id }) => ({
      ...{ serverId: id, tenantId, url: "https://x.example.com/", headers: {}, knownEra: null, clientCertificate },
    }));
    const job = { tenantId, slot, intervalS: 3_600, servers };
    return link.run(targets, { allow: [] }, { result: () => {} }, false, { job });
  });
  expect([link.take(8, leaseHolder().publicKey).length, link.waiting]).toEqual([1, 3]);
  link.close();
  await Promise.all(runs);
});

test("a look that a person asked for and the one that was due in the same slot are never taken for each other", async () => {
  const link = new AgentLink("lab", granter("a secret of this test"), leaseKeeper());
  const slot = Math.floor(Date.now() / MINUTE) * MINUTE;
  const [tenantId, serverId] = [randomUUID(), randomUUID()];
  const due = { tenantId, slot, intervalS: 3_600, servers: [{ id: serverId, expected: ["lab"] }] };
  const trial = { ...due, live: { requestId: randomUUID(), trial: true as const } };
  const target = { serverId, tenantId, url: "https://x.example.com/", headers: {}, knownEra: null };
  const heard: string[] = [];
  const runs = [due, trial].map((job, i) =>
    link.run([target], { allow: [] }, { result: () => heard.push(i === 0 ? "due" : "trial") }, false, { job }),
  );
  link.take(8, leaseHolder().publicKey);
  const result = faultResult(serverId, "", "any");
  expect([link.handIn(due, result), link.handIn(trial, result)]).toEqual([true, true]);
  expect(heard).toEqual(["due", "trial"]);
  await Promise.all(runs);
  link.close();
});
