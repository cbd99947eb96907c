// Filters that directories ask with: attribute eq value, joined by "and". Everything else is refused by name.
import { ScimError, Types } from "./schema.ts";

const MAX = 1_000;

/** @param allowed attributes, as we spell them @returns what each must equal */
export function equalities(text: string | null, allowed: readonly string[]): Map<string, string | boolean> {
  const found = new Map<string, string | boolean>();
  if (text === null || text.trim() === "") return found;
  const refused = new ScimError(400, "invalidFilter", `Filter by ${allowed.join(", ")} with eq, joined by and.`);
  if (text.length > MAX || text.includes("\u0000")) throw refused;
  let parsed: unknown;
  try {
    parsed = new Types.Filter(text);
  } catch {
    throw refused;
  }
  const all = Array.isArray(parsed) ? [...parsed] : [];
  if (all.length !== 1) throw refused;
  for (const [key, test] of Object.entries(all[0] as Record<string, unknown>)) {
    const name = allowed.find((a) => a.toLowerCase() === key.toLowerCase());
    if (name === undefined || !Array.isArray(test) || test.length !== 2 || test[0] !== "eq") throw refused;
    if (typeof test[1] !== "string" && typeof test[1] !== "boolean") throw refused;
    found.set(name, test[1]);
  }
  return found;
}
