// What every kind of extra check shares: how its form is described and how its texts are parsed. PURE.
import { z } from "zod";
import { cleanText } from "../text.ts";

export interface CheckField {
  name: string;
  label: string;
  help: string;
  input: "text" | "url" | "number" | "textarea" | "select" | "check";
  required: boolean;
  placeholder?: string;
  options?: readonly { value: string; label: string }[];
}

export interface CheckKind<Settings> {
  name: string;
  /** One sentence: what it looks at. */
  summary: string;
  fields: readonly CheckField[];
  /** Takes what the form sent, all of it text, or what stands in the row; parsing twice gives the same. */
  settings: z.ZodType<Settings>;
  /** Values for the form, as text. */
  values(settings: Settings): Record<string, string>;
}

export const checkNameSchema = z
  .string()
  .transform((raw) => cleanText(raw, 120))
  .refine((name) => name !== "", "Give the check a name.");

/** Seconds between two looks of one region: 1 to 5 minutes. */
export const PACES_S = [60, 120, 180, 240, 300] as const;
export const paceSchema = whole(60, 300, "Choose between 1 and 5 minutes.").refine(
  (s) => (PACES_S as readonly number[]).includes(s),
  "Choose between 1 and 5 minutes.",
);
export const DEFAULT_CALLS_PER_DAY = 2_880;
export const callsSchema = whole(1, 20_000, "Give a number of looks a day between 1 and 20,000.");

/** A whole number as number or text. */
export function whole(min: number, max: number, message: string) {
  return z
    .union([
      z.number(),
      z
        .string()
        .trim()
        .regex(/^-?\d{1,9}$/, message)
        .transform(Number),
    ])
    .refine((n) => Number.isInteger(n) && n >= min && n <= max, message);
}

/** The same, or nothing at all. */
export const wholeOrNone = (min: number, max: number, message: string) =>
  z.union([z.null(), z.literal("").transform(() => null), whole(min, max, message)]).default(null);

export const ticked = z.union([z.boolean(), z.string().transform((s) => s === "on")]).default(false);

/** JSON that a person typed; "" is nothing. @param fits narrows it further, with a sentence when it does not fit */
export function jsonText(maxChars: number, what: string, fits: (value: unknown) => string | null = () => null) {
  return z
    .string()
    .trim()
    .max(maxChars, `${what} are too long: at most ${maxChars.toLocaleString("en")} characters.`)
    .default("")
    .superRefine((text, ctx) => {
      if (text === "") return;
      const value = parsed(text);
      const fault =
        value === undefined ? `${what} are no JSON: check quotes and commas.` : (tooMuch(value) ?? fits(value));
      if (fault !== null) ctx.addIssue({ code: "custom", message: fault });
    });
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const MAX_DEPTH = 20;
const MAX_VALUES = 1_000;

/** What was typed is parsed, walked and sent by machines: it stays small. */
function tooMuch(value: unknown): string | null {
  let left = MAX_VALUES;
  const deep = (v: unknown, depth: number): boolean => {
    left -= 1;
    if (depth > MAX_DEPTH || left < 0) return true;
    return typeof v === "object" && v !== null && Object.values(v).some((inner) => deep(inner, depth + 1));
  };
  return deep(value, 1) ? `Use at most ${MAX_DEPTH} levels and ${MAX_VALUES} values.` : null;
}
