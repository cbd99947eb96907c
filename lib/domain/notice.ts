// One thing we decided to say about an incident. It is frozen when decided, so that every retry says the same.
// It holds only what may leave the house: no addresses behind the server, no other tenant, no internals.
import { z } from "zod";
import { REASON_NAMES, SEVERITIES, STATUSES } from "./reason.ts";

/** What is said of an incident, in the order of its life. */
export const INCIDENT_NOTICES = ["trigger", "update", "acknowledge", "resolve"] as const;
/**
 * What every sink speaks. digest: what was held back, counted. challenge: a code that proves whose the sink is, the only
 * thing an unproven sink is ever sent. reminder: something a person owes, such as a status update.
 */
export const NOTICE_KINDS = [...INCIDENT_NOTICES, "test", "digest", "challenge", "reminder"] as const;
/** visit: by mail only, never to what wakes people: somebody of the staff looks into the tenant and may change things. */
export type NoticeKind = (typeof NOTICE_KINDS)[number] | "visit";

/** A message of its own: nothing before it is changed, and nothing stays open because of it. */
export const isStandalone = (kind: NoticeKind): boolean => !(INCIDENT_NOTICES as readonly string[]).includes(kind);

export const noticeContentSchema = z.object({
  /** One line, at most 200 characters, already free of control characters. Sinks still escape their own markup. */
  title: z.string().max(200),
  serverName: z.string().max(200),
  /** The registered URL's origin and path; never a query string or user info. */
  serverUrl: z.string().max(2048),
  tenantName: z.string().max(200),
  severity: z.enum(SEVERITIES),
  status: z.enum(STATUSES),
  reason: z.enum(REASON_NAMES),
  reasonLabel: z.string(),
  /** What to do, one sentence. */
  advice: z.string(),
  /** What was seen, one sentence made by us from evidence; server-supplied parts are cut and escaped. */
  evidence: z.string().max(500),
  regions: z
    .array(
      z.object({
        region: z.string(),
        status: z.enum(STATUSES),
        reason: z.enum(REASON_NAMES).nullable(),
        cause: z.string().max(60).optional(),
      }),
    )
    .max(20),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  /** When this notice was decided, ISO 8601. */
  at: z.string(),
  /** Display name of who acknowledged or resolved by hand; absent when the pipeline did. */
  by: z.string().max(200).optional(),
  durationS: z.number().int().optional(),
  /** Further lines of a message of its own: what a digest counts. Each is one line, already cut and cleaned. */
  lines: z.array(z.string().max(200)).max(20).optional(),
  /** Of a challenge: what the person types back. */
  code: z.string().max(64).optional(),
  /** Of a challenge by mail: the one address that it goes to. */
  to: z.string().max(254).optional(),
  incidentUrl: z.string(),
  runbookUrl: z.string().optional(),
  drill: z.boolean(),
});
export type NoticeContent = z.infer<typeof noticeContentSchema>;

export interface Notice {
  id: string;
  tenantId: string;
  incidentId: string | null;
  /** The one key over all sinks and all notices of this incident, at most 64 characters of [A-Za-z0-9_-]. */
  dedupKey: string;
  kind: NoticeKind;
  content: NoticeContent;
  /** Made anew for each sink when it is sent, never stored. */
  act?: Act;
}

/** How to act on the incident from where the notice is read. */
export interface Act {
  /** Opaque: names tenant, incident and sink, and holds for 7 days at most. */
  ref: string;
  /** A page that shows what it is and acts when told to by somebody who is signed in and may. */
  url: string;
}
