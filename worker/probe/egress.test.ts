import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TestClock, testClock } from "#lib/testing/clock";
import type { Reason, Status } from "#lib/domain/reason";
import { egress } from "./egress.ts";
import type { ProbeResult } from "./result.ts";

let clock: TestClock;
beforeEach(() => {
  clock = testClock();
});
afterEach(() => clock.restore());

const result = (n: number, reason: Reason | null, status: Status = reason === null ? "up" : "down"): ProbeResult => ({
  serverId: `s${n}`,
  judgement: { status, auth: "open", reason, phase: "connect", evidence: {}, tools: null },
  transcript: { url: `https://h${n}.example.com/mcp` } as ProbeResult["transcript"],
});

function place(reachable: boolean) {
  const line = { reachable, looks: 0 };
  const e = egress([{ host: "a.example.com", port: 443, tls: true }], {
    reach: async () => {
      line.looks++;
      return line.reachable;
    },
  });
  return { line, e };
}

describe("the region's own line", () => {
  test("is not asked after while servers answer, whatever they answer", async () => {
    const { line, e } = place(false);
    for (const r of [result(1, null), result(2, "http_server_error"), result(3, "auth_required", "up")])
      expect(e.pass(r)).toBe(r);
    expect(line.looks).toBe(0);
  });

  test("stands, so the failure is the server's", async () => {
    const { e } = place(true);
    const failed = result(1, "connection_refused");
    expect(await e.pass(failed)).toBe(failed);
    expect(await e.beat()).toBeNull();
  });

  test("is cut after it stood: already the first failure is ours, also where only one server is watched", async () => {
    const { line, e } = place(true);
    await e.beat();
    clock.advance(60_000);
    line.reachable = false;
    const said = await e.pass(result(1, "timeout"));
    expect(said.judgement).toMatchObject({
      status: "unknown",
      reason: "prober_fault",
      evidence: { cause: "region_offline" },
    });
    expect(said.judgement.tools).toBeNull();
    expect(await e.beat()).toEqual(clock.now());
    line.reachable = true;
    clock.advance(5_000);
    expect(await e.beat()).toBeNull();
    const later = result(1, "timeout");
    expect(await e.pass(later)).toBe(later);
  });

  test("was never seen to stand, so the targets may be wrong: only when all fails it is ours", async () => {
    const { e } = place(false);
    const first = [result(1, "timeout"), result(2, "dns_failure")];
    for (const r of first) expect(await e.pass(r)).toBe(r);
    expect((await e.pass(result(3, "connection_refused"))).judgement.reason).toBe("prober_fault");
    const { e: other } = place(false);
    for (let n = 0; n < 10; n++) await other.pass(result(n, null));
    const one = result(11, "timeout");
    expect(await other.pass(one)).toBe(one);
  });

  test("is cut although some servers are not asked at all: what nobody heard is no sign that it stands", async () => {
    const { line, e } = place(true);
    await e.beat();
    clock.advance(60_000);
    line.reachable = false;
    const left = { ...result(0, "rate_limited", "unknown"), transcript: { url: "", steps: [] } as never };
    for (let n = 0; n < 3; n++)
      expect(e.pass({ ...left, serverId: `left${n}` })).toMatchObject({ serverId: `left${n}` });
    expect((await e.pass(result(1, "timeout"))).judgement.reason).toBe("prober_fault");
  });

  test("is no longer called cut once servers answer, although what should be there never does again", async () => {
    const { line, e } = place(true);
    await e.beat();
    clock.advance(60_000);
    line.reachable = false;
    expect((await e.pass(result(1, "timeout"))).judgement.reason).toBe("prober_fault");
    expect(await e.beat()).not.toBeNull();
    clock.advance(60_000);
    for (const n of [1, 2]) expect(e.pass(result(n, null))).toMatchObject({ serverId: `s${n}` });
    expect(await e.beat()).toBeNull();
  });

  test("a thousand failures ask once in five seconds", async () => {
    const { line, e } = place(true);
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => e.pass(result(n, "timeout"))));
    expect(line.looks).toBe(1);
  });

  test("without any target to ask nobody is excused", () => {
    const e = egress([]);
    const failed = result(1, "timeout");
    expect(e.pass(failed)).toBe(failed);
  });
});
