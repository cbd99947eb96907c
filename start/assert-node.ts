// First import of every program here: a Node between 22 and 24 reads TypeScript and would fail later, in odd ways.
import { nodeProblem } from "./node-version.mjs";

const problem = nodeProblem(process.versions.node);
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}
