// Reads every import and every forbidden global: a wrong arrow is a red build. The house's map is docs in README.md.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const FOLDERS = ["app", "bench", "e2e", "lib", "prisma", "start", "worker"];

/** Rooms of the house, most specific first. */
const ROOMS = [
  "app/_server",
  "app",
  "lib/domain",
  "lib/checks",
  "lib/sinks",
  "lib/commands",
  "lib/queries",
  "lib/adapters",
  "lib/testing",
  "lib/requests",
  "worker",
  "start",
  "prisma",
  "bench",
  "e2e",
  "generated",
] as const;
type Room = (typeof ROOMS)[number];

const DECIDE: Room[] = ["lib/domain", "lib/checks", "lib/sinks", "lib/requests"];
const ACT: Room[] = [...DECIDE, "lib/commands", "lib/queries"];

/** Who may import whom, own room always included. */
const ARROWS: Record<Room, readonly Room[]> = {
  "lib/domain": [],
  "lib/checks": ["lib/domain"],
  "lib/sinks": ["lib/domain"],
  "lib/requests": ["lib/domain"],
  "lib/adapters": [...DECIDE, "prisma", "generated"],
  "lib/queries": [...DECIDE, "lib/adapters"],
  "lib/commands": [...ACT, "lib/adapters"],
  "app/_server": [...ACT, "lib/adapters", "app"],
  app: [...ACT, "app/_server"],
  worker: [...ACT, "lib/adapters"],
  prisma: [...ACT, "lib/adapters", "start"],
  start: [...ACT, "lib/adapters", "lib/testing", "prisma"],
  "lib/testing": [...ACT, "lib/adapters", "prisma", "start", "worker"],
  bench: [...ACT, "lib/adapters", "lib/testing", "prisma", "start", "worker"],
  e2e: [...ACT, "lib/adapters", "lib/testing", "prisma", "start"],
  generated: [],
};

/** Files that touch what others may not, each with its reason. */
const CLOCK = /^(lib\/adapters\/clock\.ts|start\/|e2e\/|bench\/|lib\/testing\/|app\/_ui\/now\.tsx)/; // now.tsx: the viewer's own clock
const ENVIRONMENT =
  /^(lib\/adapters\/env\.ts|start\/|e2e\/|bench\/|lib\/testing\/|prisma\/migrate\.ts|prisma\/seed\.ts)/;
const SOCKETS =
  /^(lib\/adapters\/(http|guard|connect|dns|send|mail|pagerduty|redis|db|listen)[\w-]*\.ts|worker\/probe\/|worker\/health\.ts|start\/|e2e\/|bench\/|lib\/testing\/)/; // health.ts listens only
const PRISMA = /^(lib\/adapters\/db\.ts)$/;
const SOCKET_MODULES =
  /^(node:)?(net|tls|http|https|http2|dgram|dns|dns\/promises)$|^undici$|^nodemailer$|^@pagerduty\/pdjs$|^ws$/;

interface Source {
  path: string;
  text: string;
}

function room(path: string): Room | undefined {
  return ROOMS.find((r) => path === r || path.startsWith(`${r}/`) || path === `${r}.ts`);
}

const isTest = (path: string) => /\.(test|spec)\.tsx?$/.test(path) || path.startsWith("worker/scenarios/");

function imports(source: Source): { target: string; typeOnly: boolean }[] {
  const found: { target: string; typeOnly: boolean }[] = [];
  const code = source.text.replace(/^\s*\/\/.*$/gm, "");
  for (const m of code.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?["']([^"']+)["']/g,
  )) {
    if (m[2]) found.push({ target: m[2], typeOnly: Boolean(m[1]) });
  }
  for (const m of code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g))
    if (m[1]) found.push({ target: m[1], typeOnly: false });
  return found;
}

function resolve(from: string, target: string): string | null {
  if (target.startsWith("#lib/")) return `lib/${target.slice(5)}`;
  if (target.startsWith("#generated/")) return `generated/${target.slice(11)}`;
  if (target.startsWith(".")) return normalize(join(dirname(from), target));
  return null;
}

function violations(source: Source): string[] {
  const { path } = source;
  const here = room(path);
  if (!here) return [`${path}: lives in no room of the house`];
  const found: string[] = [];
  const test = isTest(path);
  const client = /^\s*["']use client["']/.test(source.text);
  for (const { target, typeOnly } of imports(source)) {
    const to = resolve(path, target);
    if (to === null) {
      if (!test && SOCKET_MODULES.test(target) && !typeOnly && !SOCKETS.test(path))
        found.push(`${path}: opens a door to the outside with ${target}`);
      if (client && target.startsWith("node:")) found.push(`${path}: runs in the browser and imports ${target}`);
      continue;
    }
    const there = room(to);
    if (there === "generated" && !PRISMA.test(path) && !test) found.push(`${path}: holds a Prisma client of its own`);
    if (there === undefined || there === here || test) continue;
    if (client && !typeOnly && !["lib/domain", "app", "lib/requests"].includes(there))
      found.push(`${path}: runs in the browser and imports ${to}`);
    if (!ARROWS[here].includes(there)) found.push(`${path}: ${here} may not import ${there} (${to})`);
  }
  if (test) return found;
  const code = source.text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
  if (/\bprocess\.env\b/.test(code) && !ENVIRONMENT.test(path)) found.push(`${path}: reads process.env`);
  if (/\bnew Date\(\s*\)|\bDate\.now\(/.test(code) && !CLOCK.test(path))
    found.push(`${path}: asks the machine for the time`);
  if (/(?<![\w.#])fetch\(/.test(code) && !SOCKETS.test(path) && !client)
    found.push(`${path}: fetches past the guarded door`);
  return found;
}

function sources(): Source[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile() && /\.tsx?$/.test(f.name) && f.name !== "boundaries.test.ts")
      .map((f) => relative(ROOT, join(f.parentPath, f.name)))
      .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") })),
  );
}

test("every import follows the arrows and nobody reaches past the doors", () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(50);
  expect(all.flatMap(violations)).toEqual([]);
});

test("app and worker never import each other, and nothing of the product imports its tests' helpers", () => {
  expect(ARROWS.app).not.toContain("worker");
  expect(ARROWS.worker).not.toContain("app");
  for (const product of ["app", "worker", "lib/commands", "lib/queries", "lib/adapters"] as const)
    expect(ARROWS[product]).not.toContain("lib/testing");
});

describe("the reader notices", () => {
  test.each<[what: string, path: string, text: string, finding: RegExp]>([
    [
      "a noun that fetches",
      "lib/domain/x.ts",
      'import { openDb } from "#lib/adapters/db";',
      /lib\/domain may not import lib\/adapters/,
    ],
    ["a sink that reads the clock", "lib/sinks/x.ts", "const t = Date.now();", /asks the machine for the time/],
    [
      "a page that imports the worker",
      "app/(console)/page.tsx",
      'import { x } from "../../worker/duty.ts";',
      /app may not import worker/,
    ],
    [
      "a page that opens the database itself",
      "app/(console)/page.tsx",
      'import { openDb } from "#lib/adapters/db";',
      /app may not import lib\/adapters/,
    ],
    ["a worker that imports a page", "worker/x.ts", 'import x from "../app/page.tsx";', /worker may not import app/],
    ["an environment read in passing", "worker/x.ts", "if (process.env.DEBUG) {}", /reads process.env/],
    [
      "a second Prisma client",
      "lib/queries/x.ts",
      'import { PrismaClient } from "#generated/prisma/client";',
      /Prisma client of its own/,
    ],
    ["a socket outside the door", "lib/commands/x.ts", 'import { request } from "undici";', /opens a door/],
    ["a bare fetch", "worker/pipeline/x.ts", "await fetch(url);", /fetches past the guarded door/],
    [
      "a dynamic import that goes round",
      "lib/domain/x.ts",
      'const m = await import("../adapters/db.ts");',
      /may not import lib\/adapters/,
    ],
    [
      "an export that goes round",
      "lib/checks/x.ts",
      'export { audit } from "../adapters/audit.ts";',
      /may not import lib\/adapters/,
    ],
    [
      "a browser file with the server's modules",
      "app/_ui/x.tsx",
      '"use client";\nimport { sinks } from "#lib/sinks/index";',
      /runs in the browser/,
    ],
    ["a room nobody knows", "misc/x.ts", "", /lives in no room/],
  ])("%s", (_what, path, text, finding) => {
    expect(violations({ path, text }).join("\n")).toMatch(finding);
  });

  test("and lets right ones pass", () => {
    expect(
      violations({
        path: "worker/x.ts",
        text: 'import { now } from "#lib/adapters/clock";\n// new Date() only in a comment\nconst d = new Date(0);',
      }),
    ).toEqual([]);
    expect(
      violations({
        path: "app/_ui/x.tsx",
        text: '"use client";\nimport type { Sink } from "#lib/sinks/sink";\nimport { REASONS } from "#lib/domain/reason";',
      }),
    ).toEqual([]);
  });
});
