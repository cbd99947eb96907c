// Pieces of the sinks' forms. A form is flat text, parses to itself, and refuses fields it does not know.
import { z } from "zod";
import type { SinkField } from "./sink.ts";

/** A field one may leave empty: "" and absent are the same. */
export function optional<T extends z.ZodType<string>>(schema: T) {
  return z.preprocess((v) => (typeof v === "string" && v.trim() === "" ? undefined : v), schema.optional());
}

/** Trimmed text that must match. @param sentence what the person should do */
export function matching(pattern: RegExp, sentence: string) {
  return z.string({ error: sentence }).trim().regex(pattern, { error: sentence });
}

export const choice = <const T extends readonly [string, ...string[]]>(values: T, sentence: string) =>
  z.enum(values, { error: sentence });

/** Every sink has it: lib/domain/template.ts says what it may hold. */
export const TITLE_FIELD: SinkField = {
  name: "titleTemplate",
  label: "Own title",
  help: "Words such as {{ severity }} {{ server }}: {{ reason }}. Where it cannot be made, our own title goes out.",
  input: "text",
  required: false,
  placeholder: "{{ server }}: {{ reason }}",
};
