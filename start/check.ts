// `npm run check`: what can be known within a minute and without services: types, lint, unit tests.
import "./assert-node.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateClient } from "./build.ts";
import { whenNpmIsGone } from "./parent.ts";
import { lint, types, vitest } from "./suite.ts";
import { sum } from "./tally.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
whenNpmIsGone(() => process.exit(130));

const reports = mkdtempSync(join(tmpdir(), "tocsin-reports-"));
await generateClient(join(reports, "generate.log"));
const tallies = [await types(), await lint(), await vitest(["unit"], reports, {})];
rmSync(reports, { recursive: true, force: true });
for (const failure of tallies.flatMap((t) => t.failures)) console.log(`✗ ${failure}`);
const total = sum(tallies);
console.log(total.line);
process.exit(total.exitCode);
