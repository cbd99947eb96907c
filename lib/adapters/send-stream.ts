// Sends one batch of the log to where it is copied, through the guarded doors, and says in one sentence why it may not
// have arrived. Whoever calls sends it again: a batch may arrive twice, never not at all.
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { Webhook } from "standardwebhooks";
import {
  lockedUntil,
  recordLine,
  type S3Config,
  type StreamBatch,
  type StreamKind,
  STREAMS,
  type SyslogConfig,
  type WebhookConfig,
} from "../domain/audit/stream.ts";
import type { SinkRequest } from "../sinks/sink.ts";
import { failure } from "./answer.ts";
import { consoleUrl } from "./env.ts";
import type { AddressPolicy } from "./http.ts";
import type { Send } from "./send.ts";
import { sendSyslog } from "./send-syslog.ts";

export interface StreamTarget {
  kind: StreamKind;
  /** All fields, secrets included. */
  config: unknown;
}

export interface StreamOptions {
  policy: AddressPolicy;
  timeoutMs: number;
  now: Date;
  signal?: AbortSignal;
  /** Extra certificate authorities, PEM. */
  ca?: string | undefined;
}

/** @returns null when the receiver has it, else why it is not certain */
export type SendBatch = (target: StreamTarget, batch: StreamBatch, options: StreamOptions) => Promise<string | null>;

export const streamSender =
  (send: Send): SendBatch =>
  async (target, batch, options) => {
    const parsed = STREAMS[target.kind].config.safeParse(target.config);
    if (!parsed.success) return "Its settings are not complete: open it, enter them again and save.";
    if (target.kind === "syslog") {
      const code = await sendSyslog(parsed.data as SyslogConfig, batch.records, {
        ...options,
        host: URL.parse(consoleUrl())?.host ?? "-",
      }).catch((err) => failure(err, true));
      return code === null ? null : unanswered(code.kind === "failure" ? code.code : "");
    }
    const request =
      target.kind === "webhook"
        ? hook(parsed.data as WebhookConfig, batch, options.now)
        : await object(parsed.data as S3Config, batch, options.now);
    const answer = await send(request, {
      policy: options.policy,
      timeoutMs: options.timeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (answer.kind === "failure") return unanswered(answer.code);
    if (answer.status >= 200 && answer.status < 300) return null;
    const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(answer.body)?.[1];
    return `The receiver answered ${answer.status}${code ? ` (${code})` : ""}.`;
  };

function unanswered(code: string): string {
  if (code === "E_URL_BLOCKED")
    return "Its address is private or reserved: allow the range for this installation first.";
  if (code === "ABORTED" || code === "ETIMEDOUT") return "The receiver did not answer in time.";
  return `The receiver could not be reached (${code.replace(/[^\w-]/g, "_").slice(0, 60)}).`;
}

type HttpRequest = Extract<SinkRequest, { via: "http" }>;
const http = { via: "http", host: "tenant" } as const;

function hook(config: WebhookConfig, batch: StreamBatch, now: Date): HttpRequest {
  const records = batch.records.map(recordLine).join(",");
  const body = `{"type":"tocsin.audit","timestamp":"${now.toISOString()}","data":{"records":[${records}]}}`;
  return {
    ...http,
    label: "tocsin.audit",
    method: "POST",
    url: config.url,
    headers: {
      "content-type": "application/json",
      "webhook-id": batch.id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": new Webhook(config.secret).sign(batch.id, now, body),
    },
    body,
  };
}

/** Put once, under lock: the service itself refuses its removal until seven years are over. */
async function object(config: S3Config, batch: StreamBatch, now: Date): Promise<HttpRequest> {
  const body = batch.records.map((r) => `${recordLine(r)}\n`).join("");
  const prefix = config.prefix ? `${config.prefix.replace(/\/$/, "")}/` : "";
  const url = `${config.endpoint.replace(/\/$/, "")}/${config.bucket}/${prefix}${batch.key}`;
  const signed = await new AwsV4Signer({
    method: "PUT",
    url,
    service: "s3",
    region: config.region,
    accessKeyId: config.accessKeyId,
    secretAccessKey: config.secretAccessKey,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
    headers: {
      "content-type": "application/x-ndjson",
      // A locked object is taken only with a digest of what arrives.
      "content-md5": createHash("md5").update(body).digest("base64"),
      "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
      "x-amz-object-lock-mode": "COMPLIANCE",
      "x-amz-object-lock-retain-until-date": lockedUntil(now).toISOString(),
    },
  }).sign();
  return { ...http, label: "PUT", method: "PUT", url, headers: Object.fromEntries(signed.headers), body };
}
