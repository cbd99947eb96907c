import { z } from "zod";
import { SEVERITIES } from "#lib/domain/reason";
import { cleanText } from "#lib/domain/text";

/** A source's form. */
export const sourceForm = {
  name: z
    .string()
    .transform((s) => cleanText(s, 80))
    .refine((s) => s !== "", "Give it a name that people will recognise, such as the monitor's own."),
  defaultSeverity: z.enum(SEVERITIES, { error: "Choose how grave an alert is that does not say so itself." }),
  perMinute: z.coerce
    .number({ error: "Enter a number." })
    .int({ error: "Enter a whole number." })
    .min(1, { error: "At least 1 a minute." })
    .max(60_000, { error: "At most 60,000 a minute." }),
  resolveAfterS: z.coerce
    .number({ error: "Enter a number." })
    .int({ error: "Enter a whole number." })
    .min(60, { error: "At least 60 seconds." })
    .max(86_400, { error: "At most a day, 86,400 seconds." }),
};

/** Of one tenant. */
export const MAX_SOURCES = 100;
