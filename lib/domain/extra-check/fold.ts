// What the regions together say of each extra check, for the console: the same 2 of N as for the server itself. PURE.
import { z } from "zod";
import { evidenceSchema, type ExtraResult } from "../outcome.ts";
import { REASON_NAMES, STATUSES } from "../reason.ts";
import type { SealedSlot } from "../verdict.ts";

export const foldedSchema = z.object({
  status: z.enum(STATUSES),
  reason: z.enum(REASON_NAMES).nullable(),
  regions: z.record(
    z.string(),
    z.object({
      status: z.enum(STATUSES),
      reason: z.enum(REASON_NAMES).nullable(),
      evidence: evidenceSchema,
      latencyMs: z.number().nullable(),
      at: z.number().nullable(),
      used: z.number().optional(),
    }),
  ),
});
export type FoldedExtra = z.infer<typeof foldedSchema>;
export const foldedExtrasSchema = z.record(z.uuid(), foldedSchema);

/** @returns null for a slot in which no region spoke of any */
export function foldExtras(sealed: SealedSlot): Record<string, FoldedExtra> | null {
  const seen = new Map<string, [region: string, result: ExtraResult][]>();
  for (const [region, outcome] of Object.entries(sealed.outcomes))
    for (const result of outcome.extras ?? [])
      seen.set(result.id, [...(seen.get(result.id) ?? []), [region, result] as const] as [string, ExtraResult][]);
  if (seen.size === 0) return null;
  return Object.fromEntries([...seen].map(([id, looks]) => [id, together(looks, sealed.expected.length)]));
}

function together(looks: [string, ExtraResult][], asked: number): FoldedExtra {
  const bad = looks.filter(([, r]) => r.status === "degraded" || r.status === "down");
  const fails = bad.length >= Math.min(2, asked);
  const status = fails ? "degraded" : looks.some(([, r]) => r.status === "up") ? "up" : "unknown";
  return {
    status,
    reason: fails ? (bad[0]?.[1].reason ?? null) : null,
    regions: Object.fromEntries(
      looks.map(([region, { status: s, reason, evidence, latencyMs, at, used }]) => [
        region,
        { status: s, reason, evidence, latencyMs, at, ...(used === undefined ? {} : { used }) },
      ]),
    ),
  };
}
