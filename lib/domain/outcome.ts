// What one region saw of one server in one slot (a minute, or the server's interval where that is shorter).
import { z } from "zod";
import { REASON_NAMES, STATUSES } from "./reason.ts";

export const ERAS = ["legacy", "modern", "dual", "sse"] as const;
/** legacy: initialize over Streamable HTTP; modern: 2026-07-28; dual: answers both; sse: the older HTTP+SSE. */
export type Era = (typeof ERAS)[number];

export const PHASES = [
  "address",
  "dns",
  "connect",
  "tls",
  "discover",
  "initialize",
  "initialized",
  "list",
  "call",
  /** OAuth: where to sign in (RFC 9728, RFC 8414), and the token itself. */
  "metadata",
  "token",
  /** A held session asked again, and a dead one. */
  "session",
  /** A health address beside the MCP endpoint. */
  "health",
  "close",
  "probe",
] as const;
export type Phase = (typeof PHASES)[number];

export const evidenceSchema = z.object({
  /** The finer name of what was seen; lib/domain/cause.ts has its sentence. */
  cause: z.string().max(60).optional(),
  httpStatus: z.number().int().optional(),
  jsonrpcCode: z.number().int().optional(),
  /** Node's, undici's or TLS's own error code, e.g. ECONNREFUSED. */
  errorCode: z.string().max(80).optional(),
  contentType: z.string().max(120).optional(),
  /** At most 300 characters, control characters escaped. Never of a blocked address. */
  bodyHead: z.string().max(300).optional(),
  retryAfterS: z.number().optional(),
  detail: z.string().max(300).optional(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

/** Milliseconds; a part that did not take place is absent. */
export const timingsSchema = z.object({
  dnsMs: z.number().optional(),
  connectMs: z.number().optional(),
  tlsMs: z.number().optional(),
  firstRequestMs: z.number().optional(),
  toolListMs: z.number().optional(),
  totalMs: z.number(),
});
export type Timings = z.infer<typeof timingsSchema>;

export const toolSurfaceSchema = z.object({
  count: z.number().int(),
  /** SHA-256 (hex) over RFC 8785 of name + inputSchema per tool, sorted by name. */
  contractHash: z.string(),
  /** The same with descriptions and annotations. */
  fullHash: z.string(),
  /** At most 200 names of at most 120 characters, for showing. */
  names: z.array(z.string().max(120)).max(200),
  /** The list was cut at a bound of ours: it is never compared with another. */
  truncated: z.boolean().optional(),
  /** Seen with a credential: another list than strangers see, with a baseline of its own. */
  credentialed: z.boolean().optional(),
});
export type ToolSurface = z.infer<typeof toolSurfaceSchema>;

export const EXTRA_KINDS = ["canary", "health_url", "session"] as const;
/** What is looked at beside handshake and tool list: an agreed test call, a health address, a session held over time. */
export type ExtraKind = (typeof EXTRA_KINDS)[number];

/** The latest look at one extra check from one region; also one that was made in an earlier slot and still holds. */
export const extraResultSchema = z.object({
  id: z.uuid(),
  kind: z.enum(EXTRA_KINDS),
  name: z.string().max(120),
  /** unknown: it could not be looked at (budget spent, no list, not due yet), which is never green. */
  status: z.enum(STATUSES),
  reason: z.enum(REASON_NAMES).nullable(),
  phase: z.enum(PHASES).nullable(),
  evidence: evidenceSchema,
  latencyMs: z.number().nullable(),
  /** When it was looked at, epoch milliseconds by the region's clock; null when it never was. */
  at: z.number().int().nullable(),
  /** Looks of this UTC day over all regions, as far as this region knew. */
  used: z.number().int().optional(),
});
export type ExtraResult = z.infer<typeof extraResultSchema>;

export const CREDENTIAL_STEPS = [
  "dns",
  "tls",
  "challenge",
  "discovery",
  "handshake",
  "tools",
  "call",
  "compare",
] as const;
/** The eight steps of a probe with a credential, in their order. */
export type CredentialStep = (typeof CREDENTIAL_STEPS)[number];

export const credentialWalkSchema = z.object({
  /** auth_walled: the wall stands as it should, and what lies behind it could not be seen. */
  result: z.enum(["healthy", "auth_walled", "broken"]),
  failedStep: z.enum(CREDENTIAL_STEPS).nullable(),
  steps: z
    .array(
      z.object({
        step: z.enum(CREDENTIAL_STEPS),
        state: z.enum(["passed", "failed", "skipped"]),
        detail: z.string().max(300),
      }),
    )
    .max(CREDENTIAL_STEPS.length),
});
export type CredentialWalk = z.infer<typeof credentialWalkSchema>;

export const outcomeSchema = z.object({
  tenantId: z.uuid(),
  serverId: z.uuid(),
  region: z.string(),
  /** Start of the slot, epoch milliseconds; given by the scheduler, never by the region's clock. */
  slot: z.number().int(),
  status: z.enum(STATUSES),
  auth: z.enum(["open", "protected", "unknown"]),
  reason: z.enum(REASON_NAMES).nullable(),
  phase: z.enum(PHASES).nullable(),
  evidence: evidenceSchema,
  era: z.enum(ERAS).nullable(),
  protocolVersion: z.string().max(40).nullable(),
  serverName: z.string().max(200).nullable(),
  timings: timingsSchema,
  tools: toolSurfaceSchema.nullable(),
  /** First probe after an idle gap: recorded, never alerting. */
  cold: z.boolean(),
  /** Only of servers that have some. */
  extras: z.array(extraResultSchema).max(20).optional(),
  /** Only of servers that are probed with a credential. */
  credential: credentialWalkSchema.optional(),
  /** When the region finished, epoch milliseconds by its own clock: for showing only. */
  finishedAt: z.number().int(),
});
export type Outcome = z.infer<typeof outcomeSchema>;
