// The record of one probe: what was sent and what came back, step by step. It states facts and judges nothing;
// lib/checks turns it into findings. Every string from the server is already cut and escaped when it gets here.
import { z } from "zod";
import { credentialWalkSchema, ERAS, extraResultSchema, PHASES, timingsSchema } from "./outcome.ts";

export const stepSchema = z.object({
  phase: z.enum(PHASES),
  /** What a person reads, e.g. "POST server/discover". */
  title: z.string().max(120),
  startMs: z.number(),
  durationMs: z.number(),
  request: z
    .object({ method: z.string(), url: z.string().max(2048), headers: z.record(z.string(), z.string()) })
    .optional(),
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
  /** Asked in passing (finding the era, closing the session): its failure says nothing about the server. */
  aside: z.boolean().optional(),
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
  /** When the server's certificate ends, and how far off that was at the probe. Null without TLS. */
  certificate: z.object({ validTo: z.number(), daysLeft: z.number() }).nullable(),
  /** A cursor came twice or the pages would not end; the list stands as far as it was read. */
  paginationLoop: z.boolean(),
  /** Looked at in this probe; what an earlier one found is added where outcomes are made. */
  extras: z.array(extraResultSchema).optional(),
  credential: credentialWalkSchema.optional(),
});
export type Transcript = z.infer<typeof transcriptSchema>;

/** A transcript as it is kept and shown: without the tools and the messages. */
export type StoredTranscript = Omit<Transcript, "tools" | "capabilities" | "extras" | "credential"> & {
  toolCount: number | null;
};

/** What a step may be called when it failed on the wire; Node's and undici's own codes stand beside these. */
export const WIRE_CODES = {
  timeout: "E_TIMEOUT",
  blocked: "E_URL_BLOCKED",
  tooLarge: "E_TOO_LARGE",
  /** Content codings that nobody uses in good faith. */
  encoding: "E_ENCODING",
  notJson: "E_NOT_JSON",
  tooDeep: "E_TOO_DEEP",
  /** The stream or body ended and nothing in it answered our request. */
  noAnswer: "E_NO_ANSWER",
  /** JSON arrived, but no JSON-RPC response to our id. */
  notOurs: "E_NOT_OURS",
  /** HTTP+SSE: no usable `endpoint` event. */
  noEndpoint: "E_NO_ENDPOINT",
  fault: "E_PROBER_FAULT",
} as const;

/** Bytes of JSON that a stored transcript may take: a region's part of one sealed slot. */
export const STORED_MAX_BYTES = 8 * 1024;

/** Keeps first and last steps and shortens what was quoted until it fits; the order of events is never lost. */
export function storeTranscript(full: Transcript, maxBytes = STORED_MAX_BYTES): StoredTranscript {
  const { tools, capabilities: _capabilities, extras: _extras, credential: _credential, ...rest } = full;
  for (const [keep, quote] of [
    [24, 300],
    [16, 160],
    [10, 60],
    [6, 0],
  ] as const) {
    const stored = {
      ...rest,
      toolCount: tools?.length ?? null,
      steps: ends(rest.steps, keep).map((step) => shorten(step, quote)),
    };
    if (Buffer.byteLength(JSON.stringify(stored)) <= maxBytes) return stored;
  }
  return { ...rest, url: rest.url.slice(0, 500), toolCount: tools?.length ?? null, steps: [] };
}

function ends(steps: Step[], keep: number): Step[] {
  return steps.length <= keep ? steps : [...steps.slice(0, keep / 2), ...steps.slice(-keep / 2)];
}

function shorten(step: Step, quote: number): Step {
  const { message: _message, request, response, error, ...rest } = step;
  const headers = (from: Record<string, string>) =>
    quote === 0 ? {} : Object.fromEntries(Object.entries(from).map(([k, v]) => [k, v.slice(0, quote)]));
  return {
    ...rest,
    ...(request && {
      request: { ...request, url: request.url.slice(0, Math.max(200, quote)), headers: headers(request.headers) },
    }),
    ...(response && {
      response: { ...response, bodyHead: response.bodyHead.slice(0, quote), headers: headers(response.headers) },
    }),
    ...(error && { error: { code: error.code, detail: error.detail.slice(0, Math.max(60, quote)) } }),
  };
}
