// What a server offers, as two hashes: contract (name + inputSchema: what a caller depends on) and full (with the
// words a model reads). `execution`, icons and result-level fields are left out: they differ between eras by themselves.
import { hash } from "node:crypto";
import { canonicalHash } from "./canonical-json.ts";
import type { ToolSurface } from "./outcome.ts";
import { cleanText } from "./text.ts";

export const MAX_TOOLS = 2_000;
const MAX_NAMES = 200;
const FULL = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] as const;
const CONTRACT = ["name", "inputSchema"] as const;

export interface SurfaceProblem {
  /** Place in the list, from 0. */
  index: number;
  problem: "not_an_object" | "no_name" | "no_input_schema" | "duplicate_name" | "not_canonical";
}

/** A tool that can be read, with what its hashes are of. */
export interface ReadTool {
  name: string;
  contract: string;
  full: string;
  /** name, title, description, inputSchema, outputSchema, annotations; what else it had is left out. */
  tool: Record<string, unknown>;
}

export interface Surface {
  surface: ToolSurface;
  problems: SurfaceProblem[];
  /** By name; without those that cannot be read. */
  tools: ReadTool[];
}

// A check and the verdict ask for the same list, and a server gives the same one a thousand times; canonical forms are
// most of the cost of judging. The same bytes in the same order have the same surface, whoever sent them.
const known = new WeakMap<readonly unknown[], Surface>();
const before = new Map<string, Surface>();
const MAX_REMEMBERED = 4_096;
/** Characters of JSON, of one list and of all: a server that sends megabytes anew each time would fill a prober, and the
 * next tenant's probes would be killed for it. */
const MAX_ONE = 256 * 1024;
const MAX_ALL = 8 * 1024 * 1024;
let inAll = 0;

/** Tools in any order, keys in any order: the same surface. Tools that cannot be read are named and left out. */
export function toolSurface(tools: readonly unknown[]): Surface {
  const found = known.get(tools) ?? remembered(tools);
  known.set(tools, found);
  return found;
}

function remembered(tools: readonly unknown[]): Surface {
  const text = JSON.stringify(tools);
  const key = hash("sha256", text, "base64");
  const found = before.get(key) ?? surfaceOf(tools);
  if (text.length > MAX_ONE || before.has(key)) return found;
  if (before.size >= MAX_REMEMBERED || inAll + text.length > MAX_ALL) {
    before.clear();
    inAll = 0;
  }
  before.set(key, found);
  inAll += text.length;
  return found;
}

function surfaceOf(tools: readonly unknown[]): Surface {
  const problems: SurfaceProblem[] = [];
  const seen = new Set<string>();
  const good: ReadTool[] = [];
  tools.forEach((tool, index) => {
    const problem = problemOf(tool, seen);
    if (problem !== null) problems.push({ index, problem });
    if (problem !== null && problem !== "no_input_schema") return;
    const t = tool as Record<string, unknown>;
    try {
      good.push({ name: String(t.name), ...toolHashes(t), tool: pick(t, FULL) });
    } catch {
      problems.push({ index, problem: "not_canonical" });
    }
  });
  good.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    surface: {
      count: tools.length,
      ...listHashes(good),
      names: good.slice(0, MAX_NAMES).map((t) => cleanText(t.name, 120)),
    },
    problems,
    tools: good,
  };
}

/** @throws Error for what has no canonical form */
export function toolHashes(tool: Record<string, unknown>): { contract: string; full: string } {
  return { contract: canonicalHash(pick(tool, CONTRACT)), full: canonicalHash(pick(tool, FULL)) };
}

/** Over the list of digests, sorted by name: the cap on one value's size then holds per tool. */
export function listHashes(tools: readonly { contract: string; full: string }[]): {
  contractHash: string;
  fullHash: string;
} {
  return {
    contractHash: canonicalHash(tools.map((t) => t.contract)),
    fullHash: canonicalHash(tools.map((t) => t.full)),
  };
}

function problemOf(tool: unknown, seen: Set<string>): SurfaceProblem["problem"] | null {
  if (!isRecord(tool)) return "not_an_object";
  if (typeof tool.name !== "string" || tool.name === "") return "no_name";
  if (seen.has(tool.name)) return "duplicate_name";
  seen.add(tool.name);
  return isRecord(tool.inputSchema) ? null : "no_input_schema";
}

function pick(from: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    keys.filter((k) => Object.hasOwn(from, k) && from[k] !== undefined).map((k) => [k, from[k]]),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
