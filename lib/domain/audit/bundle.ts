// An export of one tenant's log: what an auditor takes away and verifies without any database. A folder of files from
// the command line, or one file of tagged lines from the console; the values are the same.
import { z } from "zod";
import { CheckpointSchema } from "./checkpoint.ts";
import { DropSchema } from "./dropped.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
export const BUNDLE_FORMAT = "tocsin-audit-export/1";
export const BUNDLE_FILES = {
  event: "events.ndjson",
  link: "chain.ndjson",
  checkpoint: "checkpoints.ndjson",
  key: "public-key.pem",
} as const;
export type BundleKind = "event" | "link" | "checkpoint";

export const BundleEvent = z.object({
  id: z.string().max(64),
  tenantId: z.string().max(64),
  at: z.string().max(40),
  actor: z.string().max(64),
  actAs: z.string().max(64).nullable(),
  grantId: z.string().max(64).nullable(),
  action: z.string().max(200),
  target: z.string().max(1_000),
  body: z.string().max(200_000),
  piiCommit: hex32.nullable(),
  /** Commitment of the personal data that was stored when this was exported; the data itself is not in the file. */
  pii: hex32.nullable(),
});
export const BundleLink = z.object({
  seq: z.int().min(1),
  eventId: z.string().max(64),
  /** When its event was written; absent in exports of before months could be dropped. */
  eventAt: z.string().max(40).optional(),
  contentHash: hex32,
  prev: hex32,
  hash: hex32,
});
export const BundleManifest = z.object({
  format: z.literal(BUNDLE_FORMAT),
  tenantId: z.uuid(),
  slug: z.string().max(64),
  exportedAt: z.iso.datetime(),
  /** The head when it was exported. */
  head: z.object({ tenantId: z.uuid(), seq: z.int().min(0), hash: hex32 }).nullable(),
  /** The last checkpoint that there was before the head was read: all up to it are in the export. */
  checkpoint: z.int().min(0).optional(),
  /** The link before the first one, in the archive of one month. */
  from: z.object({ seq: z.int().min(0), hash: hex32 }).optional(),
  /** That month, UTC: "2019-10". Links of a neighbour month may stand between its own; their events need not. */
  month: z
    .string()
    .regex(/^\d{4}-\d{2}$/)
    .optional(),
  /** Months whose events are gone after seven years; the chain's own events have to say so. */
  dropped: z.array(DropSchema).max(1_200).optional(),
  /** PEM of the keys, in the console's one file; a folder has them in a file. */
  publicKey: z.string().max(20_000).optional(),
  /** SHA-256 and number of lines per file; absent in the console's one file. */
  files: z.record(z.string().max(64), z.object({ sha256: hex32, lines: z.int().min(0) })).optional(),
});
/** One line: no character in it ends a line for any reader, and parsing gives back the very same value. */
export const bundleLine = (value: object): string =>
  `${JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;

export type BundleManifest = z.infer<typeof BundleManifest>;
export type BundleLink = z.infer<typeof BundleLink>;
export type BundleEvent = z.infer<typeof BundleEvent>;
export { CheckpointSchema as BundleCheckpoint };
