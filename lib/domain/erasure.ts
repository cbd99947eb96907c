// A request under Article 17 of the General Data Protection Regulation, as it is filed. Pure.
import { z } from "zod";
import { cleanText } from "./text.ts";

export const SUBJECT_KINDS = {
  account: "Somebody who signs in here",
  contact: "Somebody who is told of incidents at a sink",
  mentioned: "Somebody named in what a server said or in what was written on an incident",
} as const;
export type SubjectKind = keyof typeof SUBJECT_KINDS;

/** Who has to answer the person: the controller in the Regulation's sense. */
export const CONTROLLERS = {
  tenant: "The customer: it is held here for them",
  us: "The operator of Tocsin: it is their own",
} as const;

const MAX_IDENTIFIERS = 20;
/** Open requests that one tenant may have: more is a mistake, or an attack on whoever has to work them off. */
export const OPEN_LIMIT = 200;

const kinds = Object.keys(SUBJECT_KINDS) as [SubjectKind, ...SubjectKind[]];

export const erasureInput = z.strictObject({
  subjectKind: z.enum(kinds, { error: "Choose whose data it is about." }),
  controller: z.enum(["tenant", "us"], { error: "Choose who has to answer the person." }),
  /** One per line. */
  identifiers: z
    .string()
    .max(8_000, "That is too long: name the person by a few identifiers.")
    .transform((raw) => [
      ...new Set(
        raw
          .split(/\r?\n/)
          .map((line) => cleanText(line, 320))
          .filter((line) => line !== ""),
      ),
    ])
    .refine((lines) => lines.length > 0, "Name the person by at least one identifier, such as an e-mail address.")
    .refine((lines) => lines.length <= MAX_IDENTIFIERS, `Name at most ${MAX_IDENTIFIERS} identifiers in one request.`)
    .refine(
      (lines) => lines.every((line) => [...line].length >= 3),
      "An identifier has at least three characters: shorter ones would match others.",
    ),
  note: z
    .string()
    .max(8_000, "That is too long: say it in under 2,000 characters.")
    .default("")
    .transform((raw) => cleanText(raw, 2_000)),
});
export type ErasureInput = z.infer<typeof erasureInput>;

/**
 * The day by which it has to be answered: one month after it was received (Article 12(3)), which ends on the day of the
 * same number, or on the month's last day where there is none (Regulation 1182/71). In UTC.
 */
export function dueOn(receivedAt: Date): Date {
  const [year, month, day] = [receivedAt.getUTCFullYear(), receivedAt.getUTCMonth() + 1, receivedAt.getUTCDate()];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(day, last)));
}
