import { z } from "zod";
import { cleanText } from "#lib/domain/text";

export const cityField = z
  .string()
  .transform((city) => cleanText(city, 60).trim())
  .refine((city) => city !== "", { error: "Say where it is, for example Frankfurt." });
