// npm's scripts come through here: `node start/run.mjs <file.ts> [arguments]`. An old Node cannot even parse
// TypeScript, so the sentence that says so has to come before the first .ts file is read.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { nodeProblem } from "./node-version.mjs";

const problem = nodeProblem(process.versions.node);
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}
const file = resolve(import.meta.dirname, "..", process.argv[2] ?? "start/main.ts");
process.argv.splice(1, 2, file); // The program sees itself where it would be when started directly.
await import(pathToFileURL(file).href);
