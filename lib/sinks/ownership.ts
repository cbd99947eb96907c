// What of a sink's form decides where its notices go, and how a vendor is asked whether a key still leads there without
// anybody being told. PURE. By kind, because every kind answers both.
import { jsonBody } from "./judge.ts";
import type { SinkAnswer, SinkBases, SinkKind, SinkRequest } from "./sink.ts";

type Form = Record<string, string>;

const DISCORD = /\/webhooks\/(\d{15,25})\/([\w-]{20,200})/;
const SLACK_HOOK = /\/services\/([A-Z0-9]{5,20}\/[A-Z0-9]{5,20})\/([A-Za-z0-9]{10,60})/;

const DESTINATION: Record<SinkKind, (form: Form) => unknown[]> = {
  pagerduty: (f) => [f["region"] ?? "us", f["routingKey"]],
  opsgenie: (f) => [f["region"] ?? "us", f["apiKey"]],
  discord: (f) => [...(DISCORD.exec(f["webhookUrl"] ?? "")?.slice(1, 3) ?? []), f["threadId"] ?? ""],
  slack: (f) =>
    (f["mode"] ?? "bot") === "bot"
      ? ["bot", f["channel"], f["botToken"]]
      : ["webhook", ...(SLACK_HOOK.exec(f["webhookUrl"] ?? "")?.slice(1, 3) ?? [])],
  // Each recipient is proven for themselves.
  email: () => [],
  webhook: (f) => [URL.parse(f["url"] ?? "")?.href ?? ""],
};

/** Two forms with the same text send to the same place; a change of it undoes the proof. */
export const destinationOf = (kind: string, form: Form): string =>
  JSON.stringify([kind, ...(DESTINATION[kind as SinkKind]?.(form) ?? [])]);

/** The place at the vendor that one tenant alone holds; null where several may: their own proof parts them. */
export function placeOf(kind: string, form: Form): string | null {
  if (kind === "discord") {
    const id = DISCORD.exec(form["webhookUrl"] ?? "")?.[1];
    return id === undefined ? null : `discord:${id}`;
  }
  if (kind !== "slack") return null;
  const hook = SLACK_HOOK.exec(form["webhookUrl"] ?? "")?.[1];
  if ((form["mode"] ?? "bot") === "bot") return `slack:channel:${form["channel"] ?? ""}`;
  return hook === undefined ? null : `slack:hook:${hook}`;
}

/**
 * Asks the vendor without telling anybody: null where there is nothing to ask.
 * @param key an alert key that no alert ever has
 */
export function renewalRequest(kind: string, form: Form, bases: SinkBases, key: string): SinkRequest | null {
  const http = { via: "http", label: "renew proof", host: "operator" } as const;
  const json = { "content-type": "application/json" };
  if (kind === "discord") {
    const [, id = "", token = ""] = DISCORD.exec(form["webhookUrl"] ?? "") ?? [];
    return { ...http, method: "GET", url: `${bases.discord}/webhooks/${id}/${token}`, headers: {} };
  }
  if (kind === "slack" && (form["mode"] ?? "bot") === "bot")
    return {
      ...http,
      method: "POST",
      url: `${bases.slack}/auth.test`,
      headers: { ...json, authorization: `Bearer ${form["botToken"] ?? ""}` },
      body: "{}",
    };
  if (kind === "slack") {
    const path = /\/services\/.*$/.exec(form["webhookUrl"] ?? "")?.[0] ?? "";
    // A post without text is refused by a webhook that is there, and by one that is not in other words.
    return { ...http, method: "POST", url: `${bases.slackHooks}${path}`, headers: json, body: "{}" };
  }
  if (kind === "pagerduty")
    // Resolving what was never opened is taken and dropped, under a key that is known; another is refused.
    return {
      via: "pagerduty",
      label: "renew proof",
      server: form["region"] === "eu" ? bases.pagerdutyEu : bases.pagerduty,
      data: { routing_key: form["routingKey"] ?? "", event_action: "resolve", dedup_key: key },
    };
  if (kind === "opsgenie") {
    const region = form["region"];
    const base = region === "eu" ? bases.opsgenieEu : region === "jsm" ? bases.jsm : bases.opsgenieUs;
    return {
      ...http,
      method: "POST",
      url: `${base}/v2/alerts/${encodeURIComponent(key)}/close?identifierType=alias`,
      headers: { ...json, authorization: `GenieKey ${form["apiKey"] ?? ""}` },
      body: JSON.stringify({ source: "Tocsin" }),
    };
  }
  return null;
}

/** unclear: nothing is known, ask again later. */
export type Renewed = "holds" | "gone" | "unclear";

export function renewedBy(kind: string, form: Form, answer: SinkAnswer): Renewed {
  if (answer.kind === "failure" || answer.status === 429 || answer.status >= 500) return "unclear";
  const json = jsonBody(answer);
  const { status } = answer;
  if (kind === "discord") {
    const id = DISCORD.exec(form["webhookUrl"] ?? "")?.[1];
    return status === 200 ? (json?.["id"] === id ? "holds" : "unclear") : status < 400 ? "unclear" : "gone";
  }
  if (kind === "slack" && (form["mode"] ?? "bot") === "bot") {
    if (status !== 200 || typeof json?.["ok"] !== "boolean") return "unclear";
    if (json["ok"]) return "holds";
    return /^(ratelimited|rate_limited|service_unavailable|request_timeout|internal_error|fatal_error)$/.test(
      String(json["error"]),
    )
      ? "unclear"
      : "gone";
  }
  if (kind === "slack") {
    if (status === 200 || (status === 400 && /no_text|invalid_payload/.test(answer.body))) return "holds";
    return [403, 404, 410].includes(status) ? "gone" : "unclear";
  }
  return status >= 200 && status < 300 ? "holds" : status < 400 ? "unclear" : "gone";
}
