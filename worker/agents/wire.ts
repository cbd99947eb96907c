// What an agent and its gateway say to each other: JSON over HTTPS, asked by the agent. Everything that comes from the
// other side is parsed here, bounded and cleaned before anything else sees it.
import { z } from "zod";
import { ERAS, extraResultSchema, credentialWalkSchema, outcomeSchema, timingsSchema } from "#lib/domain/outcome";
import { regionNameField } from "#lib/domain/region";
import { cleanText } from "#lib/domain/text";
import { STORED_MAX_BYTES, type StoredTranscript, stepSchema } from "#lib/domain/transcript";
import { lookSchema } from "#lib/domain/wall";
import { probeJobSchema } from "../probe/job.ts";
import type { ProbeResult } from "../probe/result.ts";
import type { ProbeTarget } from "../probe/transcript.ts";

/** Raised when either side could misunderstand the other. */
export const PROTOCOL = 1;
export const OLDEST_PROTOCOL = 1;
export const BUILD = "0.1.0";

/** Bytes of a request's body. */
export const MAX_BODY = 2 * 1024 * 1024;
export const MAX_RESULTS = 100;
/** Lost outcomes that are spoken of in one request. */
export const MOST_LOST = 1_000_000;
/** The gateway answers a look for work after so long at the latest. */
export const POLL_MS = 20_000;
/** Without its home an agent goes on with what it was last given: with a credential as long as the lease lasts, else this. */
export const OPEN_PLAN_MS = 60 * 60_000;

const text = (max: number) =>
  z
    .string()
    .max(max * 4)
    .transform((t) => cleanText(t, max));
const epoch = z.number().int().min(0).max(8.64e15);

/** Judged by its protocol number before anything else is looked at. */
export const greetingSchema = z.object({ protocol: z.number().int(), build: text(40).default("?") });

export const helloSchema = z.object({
  protocol: z.number().int(),
  build: text(40),
  host: text(120),
  /** X25519, base64 DER: whoever holds its other half opens the credentials. */
  holder: z.string().regex(/^[A-Za-z0-9+/=]{40,100}$/),
  at: epoch,
});
export type Hello = z.infer<typeof helloSchema>;

export const welcomeSchema = z.object({
  protocol: z.number().int(),
  build: text(40),
  now: epoch,
  session: z.uuid(),
  region: regionNameField,
  keeper: z.object({ signedBy: z.string().max(200), agreesWith: z.string().max(200) }),
});
export type Welcome = z.infer<typeof welcomeSchema>;

export const askSchema = z.object({
  session: z.uuid(),
  at: epoch,
  rttMs: z.number().int().min(0).max(600_000).nullable(),
  /** Batches that it can take now. */
  free: z.number().int().min(0).max(64),
  buffered: z.number().int().min(0).max(1_000_000),
  /** Outcomes that it had to throw away since it last said so. */
  lost: z.number().int().min(0).max(MOST_LOST),
  /** Since when it has reached nothing but its home. */
  offlineSince: epoch.nullable(),
});
export type Ask = z.infer<typeof askSchema>;

/** A job with a signature: who holds it may speak of its servers, in its region, for an hour. */
export const grantSchema = z.object({ text: z.string().max(40_000), mac: z.string().length(43) });
export type Grant = z.infer<typeof grantSchema>;

export const grantedSchema = z.object({
  region: regionNameField,
  job: probeJobSchema,
  /** Epoch milliseconds. */
  until: epoch,
});
export type Granted = z.infer<typeof grantedSchema>;

const leaseSchema = z.object({
  token: z.string().max(8_000),
  signature: z.string().max(200),
  sealed: z.record(z.string(), z.string()),
});

export const batchSchema = z.object({
  grant: grantSchema,
  policy: z.object({
    allow: z.array(z.object({ cidr: z.string(), ports: z.tuple([z.number(), z.number()]).optional() })),
    deny: z.array(z.string()).optional(),
  }),
  /** Servers that nothing secret is known of. */
  open: z.array(z.custom<ProbeTarget>((t) => typeof t === "object" && t !== null)).max(25),
  lease: leaseSchema.nullable(),
});
export type Batch = z.infer<typeof batchSchema>;

export const workSchema = z.object({ now: epoch, batches: z.array(batchSchema).max(64) });

const resultSchema = z.object({
  serverId: z.uuid(),
  judgement: outcomeSchema.pick({ status: true, auth: true, reason: true, phase: true, evidence: true, tools: true }),
  transcript: z
    .object({
      url: z.string().max(2048),
      steps: z.array(stepSchema).max(200),
      timings: timingsSchema,
      era: z.enum(ERAS).nullable(),
      protocolVersion: z.string().max(40).nullable(),
      serverName: z.string().max(200).nullable(),
      toolsTruncated: z.boolean(),
      credentialUsed: z.boolean(),
      certificate: z.object({ validTo: z.number(), daysLeft: z.number() }).nullable(),
      paginationLoop: z.boolean(),
      toolCount: z.number().int().min(0).max(1_000_000).nullable(),
    })
    .loose(),
  extras: z.array(extraResultSchema).max(20).optional(),
  credential: credentialWalkSchema.optional(),
  look: lookSchema.optional(),
  /** Sessions that were left open, by check: secrets of their server, sealed at home before they rest anywhere. */
  held: z.record(z.uuid(), z.object({ id: z.string().max(2048), version: z.string().max(40) }).nullable()).optional(),
  tools: z.array(z.unknown()).max(2_000).optional(),
});

/** Each is read by itself: what a server made its own outcome look like must not hold up those of others. */
export const handInSchema = z.object({ session: z.uuid(), at: epoch, results: z.array(z.unknown()).max(MAX_RESULTS) });
export const handedSchema = z.object({ grant: grantSchema, slot: epoch, result: resultSchema });

/** refused: not this agent's to say. The others as the slot took them. */
export const ANSWERS = ["sealed", "recorded", "duplicate", "late", "refused"] as const;
export const handedInSchema = z.object({ now: epoch, answers: z.array(z.enum(ANSWERS)).max(MAX_RESULTS) });

export const problemSchema = z.object({ code: z.string().max(40), message: text(300) });

/** The agent cleaned and cut what it heard; that it did is nothing to rely on. */
export function cleanResult(raw: z.infer<typeof resultSchema>): ProbeResult {
  const { tools, ...rest } = raw;
  const clean = washed(rest, 0) as typeof rest;
  const fits = Buffer.byteLength(JSON.stringify(clean.transcript)) <= 2 * STORED_MAX_BYTES;
  const { messages: _none, ...transcript } = clean.transcript as Record<string, unknown>;
  return {
    ...clean,
    transcript: (fits ? transcript : { ...transcript, steps: [] }) as unknown as StoredTranscript,
    ...(tools && { tools }),
  } as ProbeResult;
}

function washed(value: unknown, depth: number): unknown {
  if (typeof value === "string") return cleanText(value, 2048);
  if (typeof value !== "object" || value === null) return value;
  if (depth > 8) return null;
  if (Array.isArray(value)) return value.slice(0, 200).map((v) => washed(v, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 200)
      .map(([k, v]) => [cleanText(k, 200), washed(v, depth + 1)]),
  );
}
