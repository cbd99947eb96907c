import { describe, expect, test } from "vitest";
import { isOverBudget, nextHour } from "./budget.ts";
import { CLUSTER_FLOOR, isCluster, isClusterOver, widerSentence } from "./cluster.ts";
import { heldDigest, toolsDigest } from "./digest.ts";
import {
  causesOf,
  causeOfStorm,
  causeTitle,
  isOver,
  type Shared,
  STORM_FLOOR,
  stormKey,
  stormOf,
  stormSentence,
  wholeUpstream,
} from "./storm.ts";
import { fingerprint } from "./fingerprint.ts";

const failing = (url: string, more = {}) =>
  causesOf({ url, reason: "connection_refused", regions: [], certificateEnds: null, ...more });
const shared = (cause: string, others: number, more: Partial<Shared> = {}): Shared => ({
  ...{ cause, others, watched: null, stormId: null },
  ...more,
});

describe("what incidents may share", () => {
  test("is the host, its provider by the public suffixes, and the reason; the most telling comes first", () => {
    expect(failing("https://MCP.shop.example.co.uk:8443/mcp?key=1")).toEqual([
      "host:mcp.shop.example.co.uk",
      "provider:example.co.uk",
      "reason:connection_refused",
    ]);
  });

  test("behind names that a hosting company gives away it is the company", () => {
    expect(failing("https://a.vercel.app/")).toContain("provider:vercel.app");
    expect(failing("https://b.workers.dev/")).toContain("provider:workers.dev");
    expect(failing("http://192.0.2.7/mcp")).toEqual(["host:192.0.2.7", "reason:connection_refused"]);
    expect(failing("")).toEqual(["reason:connection_refused"]);
  });

  test("is a certificate only where the certificate is what is wrong, and a region only where it sees it alone", () => {
    const ends = Date.parse("2026-12-01T10:00:00Z");
    expect(failing("https://a.example.com/", { certificateEnds: ends })[0]).toBe("host:a.example.com");
    expect(failing("https://a.example.com/", { certificateEnds: ends, reason: "tls_invalid" })[0]).toBe(
      "certificate:2026-12-01T10:00:00.000Z",
    );
    const cell = (region: string, status: string) => ({ region, status, reason: null });
    expect(failing("", { regions: [cell("fra", "down"), cell("iad", "up")] })).toContain("region:fra");
    expect(failing("", { regions: [cell("fra", "down"), cell("iad", "down")] })).toEqual(["reason:connection_refused"]);
  });

  test("a storm's fingerprint tells its cause again, and a host's storm also stands behind its provider", () => {
    const cause = "host:mcp.example.com";
    expect(causeOfStorm(fingerprint(stormKey(cause), "serving"))).toBe(cause);
    expect(causeOfStorm("3f0c:serving")).toBeNull();
    expect(wholeUpstream(cause)).toEqual([cause, "provider:example.com"]);
    expect(wholeUpstream("provider:example.com")).toEqual(["provider:example.com"]);
  });
});

describe("a storm", () => {
  test("begins with the fifth of one host, provider or certificate", () => {
    expect(stormOf([shared("host:a.example.com", STORM_FLOOR - 2)])).toBeNull();
    expect(stormOf([shared("host:a.example.com", STORM_FLOOR - 1)])?.cause).toBe("host:a.example.com");
  });

  test("of a reason alone takes ten, and half of all servers", () => {
    expect(stormOf([shared("reason:timeout", 8, { watched: 9 })])).toBeNull();
    expect(stormOf([shared("reason:timeout", 9, { watched: 21 })])).toBeNull();
    expect(stormOf([shared("reason:timeout", 9, { watched: 20 })])?.cause).toBe("reason:timeout");
    expect(stormOf([shared("reason:timeout", 9)])).toBeNull();
  });

  test("is named by what tells most, but one that is under way takes in what belongs to it", () => {
    const both = [
      shared("reason:timeout", 20, { watched: 21 }),
      shared("provider:example.com", 6),
      shared("host:a.example.com", 5),
    ];
    expect(stormOf(both)?.cause).toBe("host:a.example.com");
    expect(stormOf([...both, shared("provider:b.com", 1, { stormId: "7" })])?.stormId).toBe("7");
    expect(stormOf([shared("host:a.example.com", 0, { stormId: "7" })])).toBeNull();
  });

  test("is over when fewer than half of its members still fail", () => {
    expect([isOver(10, 5), isOver(10, 4), isOver(5, 0)]).toEqual([false, true, true]);
  });

  test("says how many, where and what", () => {
    expect(stormSentence("host:a.example.com", 12, "connection_refused")).toBe(
      "12 servers at a.example.com: connection refused.",
    );
    expect(stormSentence("region:fra", 10, "timeout")).toBe(
      "10 servers, seen from region fra alone: no answer in time.",
    );
    expect(causeTitle("reason:timeout")).toBe("No answer in time");
    expect(causeTitle("reason:toString")).toBe("toString");
  });
});

test("a cluster takes the floor and more than a tenth of the tenants that watch anything", () => {
  expect(isCluster(CLUSTER_FLOOR - 1, 5)).toBe(false);
  expect(isCluster(5, 50)).toBe(false);
  expect(isCluster(6, 59)).toBe(true);
  expect(isCluster(500, null)).toBe(false);
  expect([isClusterOver(10, 5), isClusterOver(10, 4)]).toEqual([false, true]);
  expect(widerSentence("provider:example.com", 12, new Date("2026-11-21T13:00:00Z"))).toContain(
    "12 of your servers are affected",
  );
});

test("the budget holds what comes above it, but never a P1 that has nothing to do with the rest", () => {
  const spent = { told: 6, allowed: 6, related: false };
  expect(isOverBudget({ ...spent, severity: "P2", told: 5 })).toBe(false);
  expect(isOverBudget({ ...spent, severity: "P2" })).toBe(true);
  expect(isOverBudget({ ...spent, severity: "P1" })).toBe(false);
  expect(isOverBudget({ ...spent, severity: "P1", related: true })).toBe(true);
  expect(nextHour(new Date("2026-11-21T23:59:59Z"))).toEqual(new Date("2026-11-22T00:00:00Z"));
});

describe("a digest", () => {
  test("counts by reason and by server, and names the gravest", () => {
    const line = (name: string, severity: "P1" | "P2", live = false) => ({
      name,
      severity,
      live,
      reason: "timeout" as const,
    });
    const made = heldDigest(
      [line("b", "P2"), line("a", "P1", true), line("b", "P2")],
      new Date("2026-11-21T12:00:00Z"),
      new Date("2026-11-21T13:00:00Z"),
    );
    expect(made).toMatchObject({
      ...{ title: "3 incidents held back until 13:00 UTC", severity: "P1" },
      lines: ["3 × No answer in time", "b: 2", "a: 1"],
    });
    expect(made.evidence).toContain("1 still fails and is told as the routes say from now on");
    const waitsUntil = new Date("2026-11-21T13:50:00Z");
    const hour = [new Date("2026-11-21T12:00:00Z"), new Date("2026-11-21T13:00:00Z")] as const;
    expect(heldDigest([{ ...line("a", "P1", true), waitsUntil }], ...hour).evidence).toContain(
      "1 still fails and is told as the routes say when a wider outage ends, at the latest 13:50 UTC.",
    );
    expect(heldDigest([{ ...line("a", "P1", true), waitsUntil }, line("b", "P1", true)], ...hour).evidence).toContain(
      "2 still fail and are told as the routes say from now on, 1 of them when a wider outage ends",
    );
    // Somebody may have it in hand: that it is over is not known.
    expect(heldDigest([line("a", "P1")], ...hour).evidence).toContain("each is over or somebody has it in hand.");
  });

  test("of tools keeps to a screenful, cleans names and says how many more there are", () => {
    const made = toolsDigest(
      Array.from({ length: 15 }, (_, i) => ({ server: `s${i}\u202e\n`, counts: { removed: 1 }, breaking: true })),
      "week",
    );
    expect(made.lines).toHaveLength(13);
    expect(made.lines[0]).toMatch(/^s0\S*: 1 removed \(breaking\)$/);
    expect(made.lines.at(-1)).toBe("and 3 more");
  });
});
