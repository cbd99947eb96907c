// Every page, route handler and server action of the build × whoever may ask × whose object it names: one cell each, asked
// over plain HTTP. The cells come from expected.ts by the rules of rule.ts.
import { writeFileSync } from "node:fs";
import { type Database, expect, test } from "../fixtures.ts";
import { ask } from "./ask.ts";
import { consoleWithoutProxy } from "./no-proxy.ts";
import { built } from "./manifest.ts";
import { ACTS, HANDLERS, PAGES } from "./expected.ts";
import { runMatrix } from "./run.ts";

const twice = <T>(list: T[]): T[] => list.filter((x, i) => list.indexOf(x) !== i);

test("every page, route handler and action that was built has its entry, and every entry was built", () => {
  const { pages, handlers, actions } = built();
  const names = actions.map((a) => a.name.split("#")[1] ?? "");
  expect(twice(names)).toEqual([]);
  expect(Object.keys(PAGES).sort()).toEqual([...pages].sort());
  expect(Object.keys(HANDLERS).sort()).toEqual([...handlers].sort());
  expect(Object.keys(ACTS).sort()).toEqual([...names].sort());
});

async function wholeMatrix(db: Database, base?: string): Promise<void> {
  const { cells, wrong, seconds } = await runMatrix(db, built(), base);
  console.log(`matrix: ${cells} cells, ${wrong.length} wrong, ${seconds.toFixed(0)} s`);
  writeFileSync(test.info().outputPath("wrong.txt"), wrong.join("\n"));
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(cells).toBeGreaterThan(500);
}

test("the whole matrix has no wrong cell, refusals change nothing, and a foreign id answers as one that never was", async ({
  db,
}) => {
  test.setTimeout(400_000);
  await wholeMatrix(db);
});

test("the same matrix holds with the proxy taken out of the build: it only ever sent people to the right door", async ({
  db,
}) => {
  test.setTimeout(400_000);
  const bare = await consoleWithoutProxy();
  try {
    // With it, a stranger is told where they wanted to go.
    expect((await ask({ path: "/audit", cookie: "" })).to).toBe("/sign-in?to=%2Faudit");
    expect((await ask({ path: "/audit", cookie: "", base: bare.url })).to).toBe("/sign-in");
    await wholeMatrix(db, bare.url);
  } finally {
    await bare.stop();
  }
});
