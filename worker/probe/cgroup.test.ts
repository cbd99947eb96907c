import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cgroups } from "./cgroup.ts";

const LIMITS = { memoryBytes: 512 * 1024 * 1024, cpus: 1.5, pids: 64 };
let root: string;
let self: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tocsin-cgroup-"));
  mkdirSync(join(root, "service"));
  self = join(root, "self");
  writeFileSync(self, "12:devices:/other\n0::/service\n");
  writeFileSync(join(root, "service", "cgroup.controllers"), "cpuset cpu io memory pids\n");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("control groups", () => {
  test("hold a prober's memory, CPU and processes in a group of its own under ours", () => {
    const held = cgroups(root, self);
    expect(held?.hold(4711, LIMITS)).toBe(true);
    const group = join(root, "service", `tocsin-${process.pid}`, "prober-4711");
    const written = (file: string) => readFileSync(join(group, file), "utf8");
    expect([written("memory.max"), written("cpu.max"), written("pids.max"), written("cgroup.procs")]).toEqual([
      String(LIMITS.memoryBytes),
      "150000 100000",
      "64",
      "4711",
    ]);
  });

  test.each([
    ["there is only the older hierarchy", () => writeFileSync(self, "12:devices:/other\n")],
    ["a controller is missing", () => writeFileSync(join(root, "service", "cgroup.controllers"), "hugetlb\n")],
    ["nothing is mounted", () => rmSync(join(root, "service"), { recursive: true })],
  ])("are done without where %s", (_, breakIt) => {
    breakIt();
    expect(cgroups(root, self)).toBeNull();
    expect(existsSync(join(root, "service", `tocsin-${process.pid}`, "prober-4711"))).toBe(false);
  });
});
