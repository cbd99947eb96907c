// The contract of a sink: one file that describes its own form and capabilities, turns a notice into requests and
// an answer into a judgement. PURE: no socket, no clock, no environment. conformance.test.ts is the exam all sit.
import type { z } from "zod";
import type { Rate } from "../domain/breaker.ts";
import type { Judgement, SinkMemory } from "../domain/delivery.ts";
import type { Notice } from "../domain/notice.ts";
import type { Receipt } from "../domain/receipt.ts";

export const SINK_KINDS = ["pagerduty", "opsgenie", "discord", "slack", "email", "webhook"] as const;
export type SinkKind = (typeof SINK_KINDS)[number];

export interface SinkField {
  name: string;
  label: string;
  help: string;
  input: "text" | "url" | "email" | "select" | "secret" | "textarea";
  options?: { value: string; label: string }[];
  required: boolean;
  placeholder?: string;
}

export interface SinkCapabilities {
  /** Can show that somebody acknowledged. */
  acknowledge: boolean;
  /** Can change what it said before, instead of saying it again. */
  editInPlace: boolean;
  resolve: boolean;
  thread: boolean;
  /** Who recognises a repeat: the vendor by key, the receiver by id, or nobody (then a lost answer may repeat once). */
  dedup: "vendor" | "receiver" | "none";
  /** Wakes a person (phone-grade) rather than posting where they may look. */
  wakes: boolean;
  /** What the vendor bears, where it says so: kept to before it has to refuse. */
  rate?: Rate;
}

/**
 * Where the vendor is; operator's settings (regions, proxies, tests). PagerDuty: host[:port], https always. smtp: the
 * relay's URL with its credentials, "" when none is set; mailFrom: the From line. loopback: this process's own health
 * port, where it has one.
 */
export type SinkBases = Record<
  | "pagerduty"
  | "pagerdutyEu"
  | "opsgenieUs"
  | "opsgenieEu"
  | "jsm"
  | "discord"
  | "slack"
  | "slackHooks"
  | "smtp"
  | "mailFrom",
  string
> & { loopback?: string };

export type SinkRequest =
  | {
      via: "http";
      label: string /** Who chose the host: a tenant's is held to its address policy. */;
      host: "operator" | "tenant";
      method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
      /** The receiver recognises a repeat, so a connection may be kept for the next one. */
      repeatable?: true;
      url: string;
      headers: Record<string, string>;
      body?: string;
    }
  | { via: "pagerduty"; label: string; server: string; data: Record<string, unknown> }
  | {
      via: "smtp";
      label: string;
      server: { url: string };
      message: {
        from: string;
        to: string[];
        subject: string;
        text: string;
        html: string;
        messageId: string;
        inReplyTo?: string;
        references?: string[];
        headers?: Record<string, string>;
      };
    };

/** What came back. `failure` when no answer arrived: `sentBytes` says whether the request may have reached the vendor. */
export type SinkAnswer =
  | { kind: "response"; status: number; headers: Record<string, string>; body: string }
  | { kind: "failure"; code: string; detail: string; sentBytes: boolean };

export interface RenderContext<Config> {
  notice: Notice;
  /** Stable over all tries of this delivery: idempotency key, webhook-id, part of Message-ID. */
  deliveryId: string;
  config: Config;
  bases: SinkBases;
  /** What this sink remembers of this incident: merged memory of its earlier sent deliveries and of this one so far. */
  memory: SinkMemory;
  /** A try before this one may have reached the vendor: mark the repeat where the vendor cannot recognise it. */
  mayRepeat: boolean;
  /** For timestamps in signatures. */
  now: Date;
}

export interface Sink<Config = unknown> {
  kind: SinkKind;
  name: string;
  /** One sentence for the list where one picks a sink. */
  summary: string;
  fields: SinkField[];
  /** Parses the whole form, secrets included; messages are for the person who fills it in. */
  config: z.ZodType<Config>;
  /** Names of the fields that are sealed at rest and never shown again. */
  secretFields: string[];
  capabilities(config: Config): SinkCapabilities;
  /** Who would be told, without a secret: "#ops in Acme", "ops@example.com". */
  describe(config: Config): string;
  /** The next request of this delivery, or null when nothing (more) is to be sent; called again after each sent request. */
  next(context: RenderContext<Config>): SinkRequest | null;
  /** Judges the answer to the request `next` gave in the same context. Text in reasons never holds a secret. */
  judge(context: RenderContext<Config>, request: SinkRequest, answer: SinkAnswer): Judgement;
  /** Of a vendor that answers before it does the work; its receipt is `receipt` in the delivery's memory. */
  receipt?: {
    /** Asks what came of it; null: there is no receipt. */
    next(about: ReceiptContext<Config>): SinkRequest | null;
    judge(about: ReceiptContext<Config>, answer: SinkAnswer): Receipt;
  };
}

export type ReceiptContext<Config> = Pick<RenderContext<Config>, "config" | "bases" | "memory"> & {
  kind: Notice["kind"];
};
