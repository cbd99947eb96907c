// What the console may ask of the worker: kind → payload. Rows of table `request`, not calls; new fields stay
// optional while older rows are in flight.
import { z } from "zod";

export const REQUESTS = {
  /** Probe one server now, from every region, step by step into `progress`. */
  "probe-now": z.object({ serverId: z.uuid() }),
  /** Look at one extra check now, from one region; what comes back is shown and counts for nothing. */
  "try-check": z.object({ serverId: z.uuid(), checkId: z.uuid() }),
  /** Replace the key that signs checkpoints; only the worker can read it. */
  "rotate-key": z.object({ askedBy: z.uuid() }),
  /** Wrap every data key under this key of the key store; only the worker may write them. */
  "rewrap-keys": z.object({ askedBy: z.uuid(), to: z.string().max(400) }),
} as const;

export type RequestKind = keyof typeof REQUESTS;

/** One line of `progress`: a step of a live probe as it ended, or a region's verdict. */
export const progressSchema = z.object({
  region: z.string(),
  title: z.string(),
  ok: z.boolean(),
  ms: z.number(),
  detail: z.string(),
  /** Set on a region's last line. */
  verdict: z.object({ status: z.string(), reason: z.string().nullable(), sentence: z.string() }).optional(),
});
export type Progress = z.infer<typeof progressSchema>;
