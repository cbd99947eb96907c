// The record of one probe: what was sent and what came back, step by step. It states facts and judges nothing;
// lib/checks turns it into findings. Every string from the server is already cut and escaped when it gets here.
import { z } from "zod";
import { ERAS, PHASES, timingsSchema } from "./outcome.ts";

export const stepSchema = z.object({
  phase: z.enum(PHASES),
  /** What a person reads, e.g. "POST server/discover". */
  title: z.string().max(120),
  startMs: z.number(),
  durationMs: z.number(),
  request: z.object({ method: z.string(), url: z.string().max(2048), headers: z.record(z.string(), z.string()) }).optional(),
  response: z
    .object({
      status: z.number().int(),
      contentType: z.string().max(120).optional(),
      /** Only the headers the checks need, lower case; secrets never. */
      headers: z.record(z.string(), z.string().max(500)),
      bytes: z.number().int(),
      bodyHead: z.string().max(2000),
    })
    .optional(),
  /** The JSON-RPC message that answered this request, if one did. */
  message: z.unknown().optional(),
  error: z.object({ code: z.string().max(80), detail: z.string().max(300) }).optional(),
});
export type Step = z.infer<typeof stepSchema>;

export const transcriptSchema = z.object({
  url: z.string().max(2048),
  steps: z.array(stepSchema).max(200),
  timings: timingsSchema,
  era: z.enum(ERAS).nullable(),
  protocolVersion: z.string().max(40).nullable(),
  serverName: z.string().max(200).nullable(),
  capabilities: z.record(z.string(), z.unknown()).nullable(),
  /** The tools as listed, all pages, at most 2,000; null when no list arrived. */
  tools: z.array(z.unknown()).nullable(),
  toolsTruncated: z.boolean(),
  credentialUsed: z.boolean(),
});
export type Transcript = z.infer<typeof transcriptSchema>;

/** A transcript as it is kept and shown: without the tools and the messages. */
export type StoredTranscript = Omit<Transcript, "tools" | "capabilities"> & { toolCount: number | null };
