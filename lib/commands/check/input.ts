import { z } from "zod";
import { TocsinError } from "#lib/domain/error";
import { callsSchema, checkNameSchema, DEFAULT_CALLS_PER_DAY, paceSchema } from "#lib/domain/extra-check/form";
import { CHECK_KINDS } from "#lib/domain/extra-check/index";
import { EXTRA_KINDS, type ExtraKind } from "#lib/domain/outcome";

export const kindSchema = z.enum(EXTRA_KINDS, { error: "Choose what kind of check this is." });

/** What every kind has; `settings` is parsed by its kind. */
export const checkFields = {
  name: checkNameSchema,
  everyS: paceSchema,
  callsPerDay: callsSchema.default(DEFAULT_CALLS_PER_DAY),
  paused: z.boolean().default(false),
  settings: z.record(z.string(), z.unknown()),
};

/** @throws TocsinError E_INVALID or E_UNKNOWN_FIELD with the field as the form names it */
export function settingsOf(kind: ExtraKind, raw: Record<string, unknown>): Record<string, unknown> {
  const parsed = CHECK_KINDS[kind].settings.safeParse(raw);
  if (parsed.success) return parsed.data as unknown as Record<string, unknown>;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".");
  const code = issue?.code === "unrecognized_keys" ? "E_UNKNOWN_FIELD" : "E_INVALID";
  throw new TocsinError(
    code,
    issue?.message ?? "That input is not understood.",
    field ? { field: `settings.${field}` } : {},
  );
}
