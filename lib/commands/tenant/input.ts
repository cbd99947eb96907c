// What a tenant is called, and by whom its groups find it.
import { z } from "zod";
import { cleanText } from "#lib/domain/text";
import { TIERS } from "#lib/domain/tier";

export const SLUG = /^[a-z0-9](?:-?[a-z0-9]){1,38}$/;

export const slugField = z
  .string()
  .trim()
  .regex(
    SLUG,
    "A tenant's slug has 2 to 39 small letters, digits and single hyphens between them, for example acme-eu: it becomes part of the names of its groups.",
  )
  .refine((slug) => !slug.startsWith("erased-"), "Slugs that begin with erased- are kept for tenants that are gone.");

export const nameField = z
  .string()
  .trim()
  .max(120, "A tenant's name has 1 to 120 characters on one line.")
  .refine(
    (name) => name !== "" && cleanText(name, 120) === name,
    "A tenant's name has 1 to 120 characters on one line.",
  );

export const tierField = z.enum(TIERS, { error: "Choose a tier." });
