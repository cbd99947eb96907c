// The only file that reads process.env. Bad configuration is refused by name before anything listens.
import { readFileSync } from "node:fs";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { TocsinError } from "../domain/error.ts";
import type { SinkBases } from "../sinks/sink.ts";

const url = (what: string) => z.url({ error: `must be a URL (${what})` });
const secret = z
  .string({ error: "is missing: set at least 32 random characters, for example from `openssl rand -base64 48`" })
  .min(32, { error: "is too short: use at least 32 random characters, for example from `openssl rand -base64 48`" })
  .refine((s) => new Set(s).size >= 10, {
    error: "is too simple: use random characters, for example from `openssl rand -base64 48`",
  });

interface EgressTarget {
  host: string;
  port: number;
  tls: boolean;
}

/** Public names that are answered from everywhere. */
const DEFAULT_EGRESS: EgressTarget[] = ["one.one.one.one", "dns.google", "dns.quad9.net"].map((host) => ({
  host,
  port: 443,
  tls: true,
}));

const egressTargets = z.string().transform((text, context): EgressTarget[] => {
  if (text.trim() === "none") return [];
  return text.split(",").flatMap((part): EgressTarget[] => {
    const url = URL.parse(/^https:\/\//.test(part.trim()) ? part.trim() : `tcp://${part.trim()}`);
    const tls = url?.protocol === "https:";
    const port = Number(url?.port) || (tls ? 443 : 0);
    if (url && url.hostname !== "" && port > 0) return [{ host: url.hostname, port, tls }];
    context.addIssue({ code: "custom", message: "must hold https://host or host:port, comma-separated, or be none" });
    return [];
  });
});

const ranges = z.string().transform((text, context): string[] => {
  const all = text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  for (const range of all)
    if (!ipaddr.isValidCIDR(range))
      context.addIssue({ code: "custom", message: "must hold ranges such as 203.0.113.0/24, comma-separated" });
  return all;
});

const schema = z.object({
  TOCSIN_MODE: z.enum(["production", "development", "test"]).default("production"),
  /** Root of every derived secret: session signing, database role passwords. */
  TOCSIN_SECRET: secret,
  /** 32 bytes, base64 or hex, mode 0400, never inside the project: the key above the tenants' data keys (docs/secrets.md). */
  TOCSIN_KEY_FILE: z.string({ error: "is missing: name a file that holds 32 random bytes as base64" }),
  /** Who holds the key above the tenants' data keys; what the others wrapped stays readable while they are set. */
  TOCSIN_KEY_STORE: z.enum(["file", "age", "aws-kms"], { error: "is file, age or aws-kms" }).default("file"),
  /** age identities, one a line, mode 0400. */
  TOCSIN_AGE_FILE: z.string().optional(),
  TOCSIN_KMS_KEY_ID: z.string().max(300).optional(),
  /** Keys that were set before and still have to be read, comma-separated. */
  TOCSIN_KMS_FORMER_KEY_IDS: z
    .string()
    .default("")
    .transform((s) =>
      s
        .split(",")
        .map((id) => id.trim())
        .filter(Boolean),
    ),
  TOCSIN_KMS_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, { error: "is a region of AWS, e.g. eu-central-1" })
    .optional(),
  TOCSIN_KMS_URL: url("where AWS KMS answers, when it is not the region's own address").optional(),
  TOCSIN_KMS_ACCESS_KEY_ID: z.string().optional(),
  TOCSIN_KMS_SECRET_ACCESS_KEY: z.string().optional(),
  TOCSIN_KMS_SESSION_TOKEN: z.string().optional(),
  /** The key that signs the audit log's checkpoints (Ed25519, PEM, mode 0400); made by the worker beside TOCSIN_KEY_FILE when absent. */
  TOCSIN_CHECKPOINT_KEY_FILE: z.string().optional(),
  /** Folder of the saved checkpoints: best on another disk than the database's. */
  TOCSIN_CHECKPOINT_DIR: z.string().optional(),
  /** Data folder of `npm start`. */
  TOCSIN_DATA: z.string().optional(),
  /** Where people open the console; also the base of every link in a page. */
  TOCSIN_URL: url("where people open the console, e.g. https://tocsin.example.com"),
  /** Owner connection: migrations only. */
  DATABASE_URL: url("postgresql://owner:…@host:5432/tocsin"),
  /** Roles that own nothing; derived from DATABASE_URL and TOCSIN_SECRET when absent. */
  DATABASE_URL_APP: url("postgresql://…").optional(),
  DATABASE_URL_WORKER: url("postgresql://…").optional(),
  DATABASE_URL_SWEEPER: url("postgresql://…").optional(),
  REDIS_URL: z.string({ error: "is missing: redis://host:6379" }).min(1),
  /** Keeps several installations apart on one Redis. */
  TOCSIN_REDIS_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default("tocsin"),
  OIDC_ISSUER: url("the issuer of your identity provider"),
  OIDC_CLIENT_ID: z.string({ error: "is missing" }).min(1),
  OIDC_CLIENT_SECRET: z.string({ error: "is missing" }).min(1),
  OIDC_GROUPS_CLAIM: z.string().default("groups"),
  /** The claim that holds what the directory (SCIM) sends as externalId: "oid" for Entra ID. */
  OIDC_DIRECTORY_CLAIM: z.string().min(1).default("sub"),
  /** Whose word on groups counts: the identity provider's token, or the groups that the directory sends over SCIM. */
  TOCSIN_GROUPS_FROM: z.enum(["token", "scim"], { error: "is token or scim" }).default("token"),
  /** What is asked for at sign-in. Absent: of openid, profile, email, groups and offline_access what discovery names. */
  OIDC_SCOPE: z
    .string()
    .refine((s) => s.split(" ").includes("openid"), { error: "must hold the word openid" })
    .optional(),
  /** How the identity provider signs its tokens; never a shared secret and never "none". */
  OIDC_ID_TOKEN_ALG: z
    .enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
    .default("RS256"),
  /** For a provider that never says when somebody proved who they are (auth_time): believe it that prompt=login was obeyed. */
  OIDC_TRUST_PROMPT_LOGIN: z.stringbool().default(false),
  /** How many proxies of yours stand before the console and each add the address they saw to X-Forwarded-For. */
  TOCSIN_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(9).default(0),
  /** Regions this installation probes from, comma-separated. */
  TOCSIN_REGIONS: z
    .string()
    .default("local")
    .transform((s) =>
      s
        .split(",")
        .map((r) => r.trim())
        .filter(Boolean),
    ),
  /**
   * What a region asks for when servers cannot be reached, to tell its own line from theirs: https://host (TLS) or
   * host:port (TCP), comma-separated; "none" asks nothing. One that answers is enough.
   */
  TOCSIN_EGRESS_TARGETS: egressTargets.default(DEFAULT_EGRESS),
  /** Never connected to, whatever is allowed: this installation's own public addresses, CIDR, comma-separated. */
  TOCSIN_DENIED_RANGES: ranges.default([]),
  /** Port on which the agents of remote regions are served, by worker/agents/main.ts; without it there is none. */
  TOCSIN_AGENT_PORT: z.coerce.number().int().min(0).max(65535).optional(),
  /** Where it listens. Beyond this machine only with a certificate of its own, or behind a proxy that has one. */
  TOCSIN_AGENT_HOST: z.string().default("127.0.0.1"),
  TOCSIN_AGENT_TLS_CERT: z.string().optional(),
  TOCSIN_AGENT_TLS_KEY: z.string().optional(),
  /** Extra certificate authorities (PEM) for outgoing TLS: private proxies, tests. */
  TOCSIN_CA_FILE: z.string().optional(),
  TOCSIN_PAGERDUTY_SERVER: z.string().default("events.pagerduty.com"),
  TOCSIN_PAGERDUTY_EU_SERVER: z.string().default("events.eu.pagerduty.com"),
  TOCSIN_OPSGENIE_US_URL: url("base URL").default("https://api.opsgenie.com"),
  TOCSIN_OPSGENIE_EU_URL: url("base URL").default("https://api.eu.opsgenie.com"),
  TOCSIN_JSM_URL: url("base URL").default("https://api.atlassian.com/jsm/ops/integration"),
  TOCSIN_DISCORD_URL: url("base URL").default("https://discord.com/api/v10"),
  TOCSIN_SLACK_URL: url("base URL").default("https://slack.com/api"),
  TOCSIN_SLACK_HOOKS_URL: url("base URL").default("https://hooks.slack.com"),
  /** Of the installation's own Slack app: what its buttons send is believed by it. A sink may hold one of its own. */
  TOCSIN_SLACK_SIGNING_SECRET: z
    .string()
    .regex(/^[0-9a-f]{16,128}$/i, { error: "is the signing secret that Slack shows on the app's page" })
    .optional(),
  /** PagerDuty's own sign-in as proof of a sink: an app registered there, with this console's /api/sink-oauth/pagerduty as its return address. */
  TOCSIN_PAGERDUTY_OAUTH_ISSUER: url("base URL of PagerDuty's identity service").default(
    "https://identity.pagerduty.com",
  ),
  TOCSIN_PAGERDUTY_CLIENT_ID: z.string().optional(),
  TOCSIN_PAGERDUTY_CLIENT_SECRET: z.string().optional(),
  /** The same at Slack and Discord: there the person picks the channel, and the sink gets its webhook. */
  TOCSIN_SLACK_CLIENT_ID: z.string().optional(),
  TOCSIN_SLACK_CLIENT_SECRET: z.string().optional(),
  TOCSIN_DISCORD_CLIENT_ID: z.string().optional(),
  TOCSIN_DISCORD_CLIENT_SECRET: z.string().optional(),
  /** Name server, address or address:port, that is asked for the records which prove a webhook; default: the machine's own. */
  TOCSIN_DNS_SERVER: z
    .string()
    .regex(/^(\[[0-9a-f:]+\](:\d{1,5})?|[0-9.]+(:\d{1,5})?|[0-9a-f:]+)$/i, {
      error: "must be an address or address:port",
    })
    .optional(),
  /** smtp://user:pass@host:587 or smtps://…; without it the e-mail sink says that it is not set up. */
  TOCSIN_SMTP_URL: z.string().optional(),
  TOCSIN_MAIL_FROM: z.string().default("Tocsin <tocsin@localhost>"),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info"),
  /** Port of /live and /ready of a worker process; 0 picks a free one. */
  TOCSIN_HEALTH_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  /** Test hook, refused in production: the named point at which this process kills itself. */
  TOCSIN_CRASH_AT: z.string().optional(),
});

export type Env = z.infer<typeof schema>;

/** @throws TocsinError E_CONFIG whose message names every bad setting, never its value. */
export function readEnv(source: Record<string, string | undefined> = process.env): Env {
  const given = Object.fromEntries(Object.entries(source).filter(([, v]) => v !== undefined && v !== ""));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((i) => `${i.path.join(".")} ${i.message}`);
    throw new TocsinError("E_CONFIG", `Configuration refused: ${lines.join("; ")}.`);
  }
  const env = parsed.data;
  if (env.TOCSIN_MODE === "production" && env.TOCSIN_CRASH_AT) {
    throw new TocsinError(
      "E_CONFIG",
      "Configuration refused: TOCSIN_CRASH_AT is for tests and must not be set in production.",
    );
  }
  return env;
}

let cached: Env | undefined;
export function env(): Env {
  if (cached === undefined) {
    cached = readEnv();
    // The sign-in library reads its own address from here and nowhere else.
    process.env.NEXTAUTH_URL = cached.TOCSIN_URL;
  }
  return cached;
}

/** Base of every link in a page. Needs no other setting, so that whoever only writes notices needs none. */
export function consoleUrl(): string {
  return cached?.TOCSIN_URL ?? schema.shape.TOCSIN_URL.parse(process.env.TOCSIN_URL);
}

/** Root of what is signed. Needs no other setting, as consoleUrl. */
export function rootSecret(): string {
  return cached?.TOCSIN_SECRET ?? schema.shape.TOCSIN_SECRET.parse(process.env.TOCSIN_SECRET);
}

/** Of the installation's own Slack app, where it has one. Needs no other setting. */
export function slackSigningSecret(): string | undefined {
  return cached === undefined
    ? process.env.TOCSIN_SLACK_SIGNING_SECRET || undefined
    : cached.TOCSIN_SLACK_SIGNING_SECRET;
}

/** Needs no other setting: whoever only judges addresses needs none. @throws TocsinError E_CONFIG */
export function deniedRanges(): string[] {
  if (cached !== undefined) return cached.TOCSIN_DENIED_RANGES;
  const parsed = schema.shape.TOCSIN_DENIED_RANGES.safeParse(process.env.TOCSIN_DENIED_RANGES || undefined);
  if (parsed.success) return parsed.data;
  throw new TocsinError("E_CONFIG", "Configuration refused: TOCSIN_DENIED_RANGES must hold ranges, comma-separated.");
}

const agentSchema = z.object({
  TOCSIN_AGENT_TOKEN: z.string().optional(),
  TOCSIN_AGENT_URL: url("where agents are served, e.g. https://agents.example.com").optional(),
  TOCSIN_CA_FILE: z.string().optional(),
  TOCSIN_EGRESS_TARGETS: egressTargets.default(DEFAULT_EGRESS),
  LOG_LEVEL: schema.shape.LOG_LEVEL,
});

/** All that an agent knows of the installation: no store, no key. The command line may say the same. */
export function agentEnv(): z.infer<typeof agentSchema> {
  const given = Object.fromEntries(Object.entries(process.env).filter(([, v]) => v !== undefined && v !== ""));
  const parsed = agentSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((i) => `${i.path.join(".")} ${i.message}`);
  throw new TocsinError("E_CONFIG", `Configuration refused: ${lines.join("; ")}.`);
}

export function extraCa(): string | undefined {
  const file = env().TOCSIN_CA_FILE;
  return file === undefined ? undefined : readFileSync(file, "utf8");
}

/** Where each vendor is: the operator's settings, or the vendors' own addresses. */
export function sinkBases(): SinkBases {
  const e = env();
  return {
    pagerduty: e.TOCSIN_PAGERDUTY_SERVER,
    pagerdutyEu: e.TOCSIN_PAGERDUTY_EU_SERVER,
    opsgenieUs: e.TOCSIN_OPSGENIE_US_URL,
    opsgenieEu: e.TOCSIN_OPSGENIE_EU_URL,
    jsm: e.TOCSIN_JSM_URL,
    discord: e.TOCSIN_DISCORD_URL,
    slack: e.TOCSIN_SLACK_URL,
    slackHooks: e.TOCSIN_SLACK_HOOKS_URL,
    smtp: e.TOCSIN_SMTP_URL ?? "",
    mailFrom: e.TOCSIN_MAIL_FROM,
  };
}
