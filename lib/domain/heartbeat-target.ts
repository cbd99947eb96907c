// Where the installation says each minute that it is well: a dead-man switch at somebody else's. Its silence is the
// alert, so it is only pinged while a made-up alert comes through and no duty is late. Pure.
import { z } from "zod";
import { cleanText } from "./text.ts";

export const HEARTBEAT_KINDS = ["url", "opsgenie_us", "opsgenie_eu", "jsm"] as const;
export type HeartbeatKind = (typeof HEARTBEAT_KINDS)[number];
export const HEARTBEAT_WORDS: Record<HeartbeatKind, string> = {
  url: "A URL, as healthchecks.io and others give one",
  opsgenie_us: "OpsGenie (US)",
  opsgenie_eu: "OpsGenie (EU)",
  jsm: "Jira Service Management",
};

const name = z
  .string()
  .transform((raw) => cleanText(raw, 120))
  .refine((s) => s.length > 0, "Give the heartbeat's name, as the service shows it.");
const web = z.string().max(2048).refine(isWeb, "Paste the whole URL, beginning with https:// or http://.");

/** The form: what of it is no secret, and the one secret. */
export const heartbeatInput = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("url"), name, method: z.enum(["GET", "POST"]).default("GET"), secret: web }),
    ...(["opsgenie_us", "opsgenie_eu"] as const).map((kind) =>
      z.strictObject({
        kind: z.literal(kind),
        name,
        secret: z.string().regex(/^[A-Za-z0-9-]{20,100}$/, "Paste the API key of an API integration."),
      }),
    ),
    z.strictObject({
      kind: z.literal("jsm"),
      name,
      cloudId: z.uuid("Paste the cloud id, as /_edge/tenant_info of your site shows it."),
      teamId: z.uuid("Paste the team's id, as the address of its page shows it."),
      email: z.email("Give the e-mail address whose API token this is.").max(200),
      secret: z.string().min(10, "Paste the API token.").max(500, "Paste the API token."),
    }),
  ],
  { error: "Choose what takes the heartbeat." },
);
export type HeartbeatInput = z.infer<typeof heartbeatInput>;

function isWeb(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:");
}

export interface HeartbeatBases {
  opsgenieUs: string;
  opsgenieEu: string;
  jsm: string;
}

export interface HeartbeatRequest {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
}

export interface HeartbeatPlace {
  kind: HeartbeatKind;
  name: string;
  config: { method?: string; cloudId?: string; teamId?: string; email?: string };
  secret: string;
}

/** How it is asked whether there is such a heartbeat: OpsGenie takes a ping for one that does not exist. null: it need not be asked. */
export function existenceOf(place: HeartbeatPlace, bases: HeartbeatBases): HeartbeatRequest | null {
  if (place.kind !== "opsgenie_us" && place.kind !== "opsgenie_eu") return null;
  return { ...ofOpsgenie(place, bases), method: "GET" };
}

export function pingOf(place: HeartbeatPlace, bases: HeartbeatBases): HeartbeatRequest {
  const { kind, name, config, secret } = place;
  if (kind === "url") return { method: config.method === "POST" ? "POST" : "GET", url: secret, headers: {} };
  if (kind === "jsm") {
    const path = `/jsm/ops/api/${encodeURIComponent(config.cloudId ?? "")}/v1/teams/${encodeURIComponent(config.teamId ?? "")}/heartbeats/ping`;
    const url = new URL(path, bases.jsm);
    url.searchParams.set("name", name);
    const basic = btoa(String.fromCharCode(...new TextEncoder().encode(`${config.email ?? ""}:${secret}`)));
    return { method: "GET", url: url.href, headers: { authorization: `Basic ${basic}` } };
  }
  const { url, headers } = ofOpsgenie(place, bases);
  return { method: "POST", url: `${url}/ping`, headers };
}

function ofOpsgenie({ kind, name, secret }: HeartbeatPlace, bases: HeartbeatBases): Omit<HeartbeatRequest, "method"> {
  const base = kind === "opsgenie_us" ? bases.opsgenieUs : bases.opsgenieEu;
  return {
    url: `${base}/v2/heartbeats/${encodeURIComponent(name)}`,
    headers: { authorization: `GenieKey ${secret}` },
  };
}

/** @returns "" when it was taken, else what to do; never what was sent */
export function problemOf(answer: { kind: "response"; status: number } | { kind: "failure"; code: string }): string {
  if (answer.kind === "failure") return `It could not be reached (${cleanText(answer.code, 40)}): check its address.`;
  if (answer.status >= 200 && answer.status < 300) return "";
  if (answer.status === 404) return "There is no such heartbeat there: create it, or correct its name.";
  if (answer.status === 401 || answer.status === 403) return "It refuses the key: enter a new one.";
  return `It answered ${answer.status}: see its own status page.`;
}
