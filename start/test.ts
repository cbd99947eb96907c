// `npm test`: types, lint, unit, store, scenario and browser tests on one PostgreSQL and one Redis, then one line that
// sums up. `npm test -- unit store [file…]` runs a part.
import "./assert-node.ts";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateClient } from "./build.ts";
import { browserTests } from "./e2e.ts";
import { kill, leftovers, MARK } from "./leftovers.ts";
import { whenNpmIsGone } from "./parent.ts";
import { messageOf, Problem } from "./problem.ts";
import { lint, types, vitest } from "./suite.ts";
import { sum, type Tally } from "./tally.ts";
import { type TestStores, testStores } from "./test-stores.ts";

const PARTS = ["types", "lint", "unit", "store", "scenario", "e2e"] as const;
type Part = (typeof PARTS)[number];
const isPart = (word: string): word is Part => (PARTS as readonly string[]).includes(word);

const words = process.argv.slice(2);
const named = words.filter(isPart);
const only = words.filter((word) => !isPart(word));
const wanted = new Set<Part>(named.length > 0 ? named : only.length > 0 ? ["unit", "store", "scenario"] : PARTS);

const mark = randomBytes(8).toString("hex");
process.env[MARK] = mark;
const say = (line: string): void => console.log(`\n▸ ${line}`);
const tallies: Tally[] = [];
const reports = mkdtempSync(join(tmpdir(), "tocsin-reports-"));
let stores: TestStores | undefined;

async function part(name: string, run: () => Promise<Tally>): Promise<void> {
  say(name);
  try {
    tallies.push(await run());
  } catch (error) {
    const detail = error instanceof Problem && error.detail ? `\n${error.detail}` : "";
    console.error(`${messageOf(error)}${detail}`);
    tallies.push({ name, passed: 0, failed: 1, failures: [`${name}: ${messageOf(error)}`], seconds: 0 });
  }
}

async function leftBehind(): Promise<Tally> {
  const since = performance.now();
  const left = await leftovers(mark, 8_000);
  const tally = { name: "nothing left running", seconds: (performance.now() - since) / 1000 };
  if (left === null || left.length === 0) return { ...tally, passed: 1, failed: 0, failures: [] };
  kill(left);
  return { ...tally, passed: 0, failed: 1, failures: left.map((p) => `left running: process ${p.pid} ${p.command}`) };
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130)); // The reaper ends what runs.
whenNpmIsGone(() => process.exit(130));

const since = performance.now();
try {
  await generateClient(join(reports, "generate.log"));
  if (wanted.has("types")) await part("types", types);
  if (wanted.has("lint")) await part("lint", lint);
  const projects = (["unit", "store", "scenario"] as const).filter((p) => wanted.has(p));
  if (wanted.has("store") || wanted.has("scenario") || wanted.has("e2e")) stores = await testStores(say);
  const env = stores?.env ?? {};
  if (projects.length > 0) await part(projects.join(", "), () => vitest(projects, reports, env, only));
  if (wanted.has("e2e")) await part("browser", () => browserTests(env, reports, only, say));
} catch (error) {
  await part("preparation", () => Promise.reject(error));
}
await stores?.stop();
await part("processes left behind", leftBehind);
rmSync(reports, { recursive: true, force: true });

const total = sum(tallies);
console.log(`\n${"─".repeat(60)}`);
for (const t of tallies)
  console.log(
    `${t.failed === 0 ? "✓" : "✗"} ${t.name}: ${t.passed} passed, ${t.failed} failed (${t.seconds.toFixed(1)} s)`,
  );
for (const failure of tallies.flatMap((t) => t.failures)) console.log(`  ✗ ${failure}`);
console.log(`${((performance.now() - since) / 1000).toFixed(0)} s in all`);
console.log(total.line);
process.exit(total.exitCode);
