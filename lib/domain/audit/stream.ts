// Where the log can be copied to, what the form of each kind asks, and what is sent: each link with its event, in the
// order of its chain, and each checkpoint. No personal data: an event holds its commitment only.
import { z } from "zod";
import type { Checkpoint } from "./checkpoint.ts";
import { KEPT_YEARS } from "./dropped.ts";
import type { AuditEvent } from "./hash.ts";

export const STREAM_KINDS = ["syslog", "webhook", "s3"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** More would be a second product; the log itself is the queue of each. */
export const MAX_STREAMS = 8;

export interface StreamField {
  name: string;
  label: string;
  help: string;
  input: "text" | "url" | "select" | "secret";
  options?: { value: string; label: string }[];
  required: boolean;
  placeholder?: string;
}

interface Kind<Config> {
  name: string;
  summary: string;
  fields: StreamField[];
  secretFields: readonly string[];
  config: z.ZodType<Config>;
  /** For a list: where to, without a secret. */
  describe(config: Record<string, string>): string;
}

const matching = (pattern: RegExp, sentence: string) =>
  z.string({ error: sentence }).trim().regex(pattern, { error: sentence });
const WRONG_URL = "Enter an http or https URL without user name, password and question mark.";
const plainUrl = matching(/^https?:\/\//i, WRONG_URL)
  .max(2048, { error: "Use a URL of at most 2048 characters." })
  .refine(
    (text) => {
      const url = URL.parse(text);
      return url !== null && url.hostname !== "" && url.username === "" && url.password === "" && url.hash === "";
    },
    { error: WRONG_URL },
  );

const WRONG_PORT = "Enter a port from 1 to 65535.";
const syslog = z.strictObject({
  host: matching(
    /^(?=.{1,253}$)[A-Za-z0-9:]([A-Za-z0-9.:-]*[A-Za-z0-9:])?$/,
    "Enter the host's name or address, without a port.",
  ),
  port: matching(/^\d{1,5}$/, WRONG_PORT).refine((p) => Number(p) >= 1 && Number(p) <= 65_535, { error: WRONG_PORT }),
  transport: z.enum(["tls", "tcp"], {
    error: "Choose TLS, or TCP inside a network that you trust: UDP loses lines without a word.",
  }),
});
const webhook = z.strictObject({
  url: plainUrl,
  secret: matching(
    /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/,
    "Enter whsec_ followed by 24 to 64 random bytes in base64.",
  ).refine(
    (text) => {
      const length = Math.floor((text.slice(6).replace(/=+$/, "").length * 3) / 4);
      return length >= 24 && length <= 64;
    },
    { error: "Enter whsec_ followed by 24 to 64 random bytes in base64." },
  ),
});
const s3 = z.strictObject({
  endpoint: plainUrl.refine((text) => ["/", ""].includes(URL.parse(text)?.pathname ?? "") && !text.includes("?"), {
    error: "Enter the address of the service alone, without the bucket: https://s3.eu-central-1.amazonaws.com",
  }),
  region: matching(/^[a-z0-9-]{1,40}$/, "Enter the region as the service names it, for example eu-central-1."),
  bucket: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "Enter the bucket's name: 3 to 63 small letters and digits."),
  prefix: z.preprocess(
    (v) => (typeof v === "string" && v.trim() === "" ? undefined : v),
    matching(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*\/?$/, "Use letters, digits, hyphens and slashes between them.")
      .max(200)
      .optional(),
  ),
  accessKeyId: matching(/^[A-Za-z0-9_-]{3,128}$/, "Enter the access key's id."),
  secretAccessKey: matching(/^[\x21-\x7e]{8,200}$/, "Enter the access key's secret."),
});

export type SyslogConfig = z.infer<typeof syslog>;
export type WebhookConfig = z.infer<typeof webhook>;
export type S3Config = z.infer<typeof s3>;

export const STREAMS: { syslog: Kind<SyslogConfig>; webhook: Kind<WebhookConfig>; s3: Kind<S3Config> } = {
  syslog: {
    name: "Syslog",
    summary: "RFC 5424 lines over TLS or TCP, with their length before each (RFC 5425, RFC 6587).",
    fields: [
      {
        name: "host",
        label: "Host",
        help: "Name or address of the receiver.",
        input: "text",
        required: true,
        placeholder: "logs.example.com",
      },
      {
        name: "port",
        label: "Port",
        help: "6514 is usual for TLS.",
        input: "text",
        required: true,
        placeholder: "6514",
      },
      {
        name: "transport",
        label: "Transport",
        help: "UDP is not offered: it loses lines without a word.",
        input: "select",
        options: [
          { value: "tls", label: "TLS" },
          { value: "tcp", label: "TCP, unencrypted" },
        ],
        required: true,
      },
    ],
    secretFields: [],
    config: syslog,
    describe: (c) => `${c.host}:${c.port} over ${c.transport === "tls" ? "TLS" : "TCP"}`,
  },
  webhook: {
    name: "Webhook",
    summary: "Signed JSON to a URL of yours, as Standard Webhooks describes; many events in one request.",
    fields: [
      {
        name: "url",
        label: "URL",
        help: "Shown to everybody who may see this page, so put no secret in it.",
        input: "url",
        required: true,
        placeholder: "https://example.com/audit",
      },
      {
        name: "secret",
        label: "Signing secret",
        help: "whsec_ and 24 to 64 random bytes in base64, the same as at the receiver.",
        input: "secret",
        required: true,
        placeholder: "whsec_…",
      },
    ],
    secretFields: ["secret"],
    config: webhook,
    describe: (c) => URL.parse(c.url ?? "")?.host ?? "",
  },
  s3: {
    name: "S3 bucket with object lock",
    summary:
      "NDJSON objects that nobody can delete for seven years (compliance mode). The bucket must have object lock.",
    fields: [
      {
        name: "endpoint",
        label: "Endpoint",
        help: "Any service that speaks S3.",
        input: "url",
        required: true,
        placeholder: "https://s3.eu-central-1.amazonaws.com",
      },
      { name: "region", label: "Region", help: "As the service names it.", input: "text", required: true },
      { name: "bucket", label: "Bucket", help: "Made with object lock switched on.", input: "text", required: true },
      { name: "prefix", label: "Prefix", help: "Folder inside the bucket.", input: "text", required: false },
      {
        name: "accessKeyId",
        label: "Access key id",
        help: "A key that may only put objects and their retention.",
        input: "text",
        required: true,
      },
      { name: "secretAccessKey", label: "Access key secret", help: "Its other half.", input: "secret", required: true },
    ],
    secretFields: ["secretAccessKey"],
    config: s3,
    describe: (c) => `${c.bucket}${c.prefix ? `/${c.prefix}` : ""} at ${URL.parse(c.endpoint ?? "")?.host ?? ""}`,
  },
};

export interface StreamedEvent {
  kind: "event";
  link: { tenantId: string; seq: number; eventId: string; contentHash: string; prev: string; hash: string };
  /** null: dropped after seven years, before it could be sent. */
  event: AuditEvent | null;
}
export type StreamRecord =
  | StreamedEvent
  | { kind: "checkpoint"; checkpoint: Checkpoint }
  | { kind: "test"; at: string; sentence: string };

/** What goes in one request. */
export interface StreamBatch {
  /** Stays over repeats of the same records. */
  id: string;
  /** Path of the object in a bucket, without the prefix. */
  key: string;
  records: readonly StreamRecord[];
}

export const BATCH_RECORDS = 200;
export const BATCH_BYTES = 256 * 1024;

/** Ten digits, so that a list of objects stands in the order of the chain. */
const padded = (n: number) => String(n).padStart(10, "0");

export function eventBatch(streamId: string, records: readonly StreamedEvent[]): StreamBatch {
  const [first, last] = [records[0]?.link, records.at(-1)?.link];
  const range = `${padded(first?.seq ?? 0)}-${padded(last?.seq ?? 0)}`;
  return {
    id: `${streamId}.${first?.tenantId}.${range}`,
    key: `${first?.tenantId}/${range}.ndjson`,
    records,
  };
}

export function checkpointBatch(streamId: string, checkpoints: readonly Checkpoint[]): StreamBatch {
  const range = `${padded(checkpoints[0]?.no ?? 0)}-${padded(checkpoints.at(-1)?.no ?? 0)}`;
  return {
    id: `${streamId}.checkpoints.${range}`,
    key: `checkpoints/${range}.ndjson`,
    records: checkpoints.map((checkpoint) => ({ kind: "checkpoint", checkpoint })),
  };
}

/** As many of the first as fit into one request; at least one. */
export function fitting<R extends StreamRecord>(records: readonly R[]): R[] {
  let bytes = 0;
  const end = records.findIndex((r, i) => {
    bytes += Buffer.byteLength(recordLine(r)) + 1;
    return i > 0 && (bytes > BATCH_BYTES || i >= BATCH_RECORDS);
  });
  return end < 0 ? [...records] : records.slice(0, end);
}

/** One record as one line of ASCII: nothing in it can end a line or colour a terminal. */
export const recordLine = (record: StreamRecord): string =>
  JSON.stringify(record).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

const LOG_AUDIT_INFO = 13 * 8 + 6;

/** RFC 5424 with the message's length before it. @param host whose log this is */
export function syslogFrame(record: StreamRecord, host: string): Buffer {
  const at =
    record.kind === "event" ? record.event?.at : record.kind === "checkpoint" ? record.checkpoint.at : record.at;
  const name = host.replace(/[^\x21-\x7e]/g, "").slice(0, 255) || "-";
  const message = Buffer.from(
    `<${LOG_AUDIT_INFO}>1 ${at ?? "-"} ${name} tocsin - ${record.kind} - ${recordLine(record)}`,
  );
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** Until when nobody may delete an object that is written now. */
export function lockedUntil(now: Date): Date {
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + KEPT_YEARS);
  return until;
}
