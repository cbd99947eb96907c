// One spelling per JSON value (RFC 8785), so that key order and white space never change a hash. Hostile values are
// refused rather than hashed: too deep, too many, lone surrogates, numbers that JSON cannot hold.
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

export const JSON_MAX_DEPTH = 64;
export const JSON_MAX_NODES = 200_000;
/** Of an answer that is no list: nothing else that a server says is anywhere near. */
export const JSON_MAX_SMALL = 10_000;

/** @returns what is too much about the value, or null when it may be walked */
export function excess(value: unknown, maxDepth = JSON_MAX_DEPTH, maxNodes = JSON_MAX_NODES): "depth" | "nodes" | null {
  // Level by level: a value that is nested a million deep must not end this process by its stack.
  let level: unknown[] = [value];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return "depth";
    nodes += level.length;
    if (nodes > maxNodes) return "nodes";
    const next: unknown[] = [];
    for (const v of level) {
      if (typeof v !== "object" || v === null) continue;
      // No spread: an array of a million would end this process by its stack too.
      for (const inner of Array.isArray(v) ? v : Object.values(v)) next.push(inner);
    }
    level = next;
  }
  return null;
}

/** @throws Error for what has no canonical form: undefined, NaN, lone surrogates, excess depth or size */
export function canonicalJson(value: unknown): string {
  const much = excess(value);
  if (much !== null) throw new Error(`no canonical form: too much ${much}`);
  const text = canonicalize(value);
  if (text === undefined) throw new Error("no canonical form: undefined");
  return text;
}

/** SHA-256, hex, of the canonical form. @throws as canonicalJson */
export function canonicalHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value), "utf8").digest("hex");
}
