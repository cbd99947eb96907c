// What the build says there is: pages, route handlers and server actions. The matrix is made from this and from nothing
// else, so what is built and not listed in expected.ts fails.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const CHECKOUT = join(import.meta.dirname, "..", "..");

export interface BuiltAction {
  /** "app/(console)/incidents/actions.ts#noteAction" */
  name: string;
  id: string;
  /** Routes whose pages can call it. */
  pages: string[];
}

export interface Built {
  pages: string[];
  handlers: string[];
  actions: BuiltAction[];
}

/** The framework's own answers for what is not there or has failed: no address of ours. */
const FRAMEWORK = new Set(["/_global-error", "/_not-found"]);

interface References {
  node: Record<string, { workers: Record<string, unknown>; filename: string; exportedName: string }>;
}

export function built(folder = join(CHECKOUT, ".next")): Built {
  const read = <T>(path: string): T => JSON.parse(readFileSync(join(folder, path), "utf8")) as T;
  const routes = read<Record<string, string>>("app-path-routes-manifest.json");
  const ending = (end: string) =>
    Object.entries(routes)
      .filter(([file, route]) => file.endsWith(end) && !FRAMEWORK.has(route))
      .map(([, route]) => route)
      .sort();
  const { node } = read<References>("server/server-reference-manifest.json");
  return {
    pages: ending("/page"),
    handlers: ending("/route"),
    actions: Object.entries(node)
      .map(([id, at]) => ({
        name: `${at.filename}#${at.exportedName}`,
        id,
        pages: Object.keys(at.workers).map((worker) => routes[worker.replace(/^app/, "")] ?? ""),
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
  };
}
