// RFC 9535 paths that people type: small, and without regular expressions, which could keep a prober busy for ever. PURE.
import { jsonpath } from "json-p3";
import { z } from "zod";

const MAX_CHARS = 300;
/** More than these values are not looked at: a path with two descents over a large answer grows with its square. */
export const MAX_NODES = 200;

export const jsonPathSchema = z
  .string()
  .trim()
  .max(MAX_CHARS, `That path is too long: at most ${MAX_CHARS} characters.`)
  .default("")
  .superRefine((path, ctx) => {
    const fault = path === "" ? null : faultOf(path);
    if (fault !== null) ctx.addIssue({ code: "custom", message: fault });
  });

function faultOf(path: string): string | null {
  if (/\b(match|search)\s*\(/.test(path)) return "Leave match() and search() out of the path: compare with == instead.";
  if ((path.match(/\.\./g) ?? []).length > 1) return "Use at most one .. in the path.";
  try {
    jsonpath.compile(path);
    return null;
  } catch {
    return "That is no JSON path as in RFC 9535: it begins with $, as in $.status or $.items[0].id.";
  }
}

/** @returns the values at this path, at most MAX_NODES. @throws when the path cannot be read */
export function valuesAt(path: string, value: unknown): unknown[] {
  const found: unknown[] = [];
  for (const node of jsonpath.lazyQuery(path, value as Parameters<typeof jsonpath.lazyQuery>[1])) {
    found.push(node.value);
    if (found.length >= MAX_NODES) break;
  }
  return found;
}
