// What travels over the region queues: one tenant's servers for one slot. Names only; each region reads addresses and
// secrets for itself, so that no queue ever holds one.
import { z } from "zod";

const region = z.string().regex(/^[a-z0-9-]{1,32}$/);

export const probeJobSchema = z.object({
  tenantId: z.uuid(),
  /** Start of the slot, epoch milliseconds. */
  slot: z.number().int().nonnegative(),
  intervalS: z.number().int().positive(),
  servers: z
    .array(z.object({ id: z.uuid(), expected: z.array(region).min(1).max(50) }))
    .min(1)
    .max(25),
  /** Probed in processes of this tenant's own. */
  dedicated: z.literal(true).optional(),
  /** A probe that a person asked for: its steps go to this request as they end. `trial`: of one extra check alone. */
  live: z.object({ requestId: z.uuid(), trial: z.literal(true).optional() }).optional(),
});
export type ProbeJob = z.infer<typeof probeJobSchema>;

export const MAX_BATCH = 25;

export const queueName = (regionName: string) => `probe-${regionName}`;
/** BullMQ's own keys stand under the installation's prefix too. */
export const queuePrefix = (prefix: string) => `${prefix}:queue`;
