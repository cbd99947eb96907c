// Probing goes on, nobody is told. Of several silences that hold now, the one that ends last decides.
import { z } from "zod";
import { cleanText } from "./text.ts";

export interface Silence {
  id: string;
  /** null: every server of the tenant. */
  serverId: string | null;
  comment: string;
  startsAt: Date;
  endsAt: Date;
}

const MAX_DAYS = 30;

export const silenceInput = z.strictObject({
  serverId: z.union([z.uuid(), z.literal("").transform(() => null), z.null()]).default(null),
  comment: z
    .string()
    .transform((raw) => cleanText(raw, 500))
    .refine((s) => s.length > 0, "Say in a few words why, so that others understand the silence."),
  minutes: z.coerce
    .number({ error: "Say for how many minutes." })
    .int()
    .min(1, "A silence lasts at least a minute.")
    .max(MAX_DAYS * 1440, `A silence lasts at most ${MAX_DAYS} days.`),
});

/** @param serverId null for an incident that has no server (a region, the worker) */
export function silencing(silences: readonly Silence[], serverId: string | null, now: Date): Silence | null {
  const holding = silences.filter(
    (s) => s.startsAt <= now && now < s.endsAt && (s.serverId === null || s.serverId === serverId),
  );
  return holding.toSorted((a, b) => b.endsAt.getTime() - a.endsAt.getTime())[0] ?? null;
}
