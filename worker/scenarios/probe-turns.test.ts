// Whose turn it is at the probers of a region when all of them are taken, and what becomes of a prober that cannot be
// started or says what none says. The prober is a stand-in that answers after a while; the processes are real.
import type * as childProcess from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { ProberExit } from "../probe/prober-process.ts";
import { ProberPool } from "../probe/supervisor.ts";

const spawned = vi.hoisted(() => ({ fail: false }));
vi.mock(import("node:child_process"), async (original) => {
  const real = await original();
  const spawn = (command: string, ...rest: unknown[]) =>
    (real.spawn as (...args: unknown[]) => childProcess.ChildProcess)(spawned.fail ? "/no/such" : command, ...rest);
  return { ...real, spawn: spawn as typeof real.spawn };
});

const folder = mkdtempSync(join(tmpdir(), "tocsin-turns-"));
afterAll(() => rmSync(folder, { recursive: true }));
function program(answer: string): string {
  const file = join(folder, `${answer.length}.mjs`);
  writeFileSync(
    file,
    `setInterval(() => process.send({ kind: "alive" }), 200);
     process.on("message", (batch) => { ${answer} });
     process.send({ kind: "ready", holder: "nobody" });`,
  );
  return file;
}
const AFTER_A_WHILE = program(`setTimeout(() => {
  for (const { serverId } of batch.targets) process.send({ kind: "result", batch: batch.id, result: { serverId } });
  process.send({ kind: "done", batch: batch.id });
}, 600);`);

const target = (tenantId: string, serverId = `${tenantId}1`) => ({
  ...{ serverId, tenantId, url: "http://127.0.0.1/", headers: {}, knownEra: "modern" as const },
});
function pooled(answers: string) {
  const exits: ProberExit[] = [];
  const pool = new ProberPool({ size: 1, program: answers, onExit: (exit) => exits.push(exit) });
  const seen: string[] = [];
  const run = (tenantId: string) =>
    pool.run([target(tenantId)], { allow: [] }, { result: (r) => seen.push(r.serverId) });
  return { pool, exits, seen, run };
}

describe("a tenant whose batches never pause", () => {
  test("gives its process up to a tenant that waits for one", async () => {
    const { pool, seen, run } = pooled(AFTER_A_WHILE);
    // Batches overlap, so its process is never without work.
    const busy = setInterval(() => void run("busy"), 250);
    await run("busy");
    const turn = run("other");
    await vi.waitFor(() => expect(seen).toContain("other1"), 8_000);
    await turn;
    clearInterval(busy);
    await pool.close();
  }, 15_000);
});

test("a prober that cannot be started ends its batch, gives its place back, and is held against no tenant", async () => {
  const { pool, exits, seen, run } = pooled(AFTER_A_WHILE);
  spawned.fail = true;
  await run("a");
  spawned.fail = false;
  expect(exits.map((e) => [e.reason, e.culprit])).toContainEqual(["crash", null]);
  await run("b");
  expect(seen).toEqual(["a1", "b1"]);
  await pool.close();
}, 10_000);

test("a prober whose key is none is given no credential, and ends at once", async () => {
  const { pool, exits, seen, run } = pooled(AFTER_A_WHILE);
  await run("a");
  const results: (string | null)[] = [];
  const secret = { ...target("a"), headers: { Authorization: "Bearer secret" } };
  await pool.run([secret], { allow: [] }, { result: (r) => results.push(r.judgement.reason) });
  expect([seen, results]).toEqual([["a1"], ["prober_fault"]]);
  await pool.close();
  expect(exits.map((e) => e.reason)).toContain("crash");
}, 10_000);

test.each(["process.send(null);", `process.send({ kind: "result", batch: batch.id });`])(
  "a prober that says %s ends, and its region goes on",
  async (word) => {
    const { pool, exits, run } = pooled(program(word));
    await run("a");
    await pool.close();
    expect(exits.map((e) => e.reason)).toContain("crash");
  },
  10_000,
);
