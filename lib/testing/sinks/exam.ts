// What a sink is examined with: each vendor without its socket, and the schemas that vendors publish.
import { Ajv } from "ajv";
import type { SinkAnswer, SinkBases, SinkKind, SinkRequest } from "../../sinks/sink.ts";
import { discord as discordVendor } from "../vendors/discord.ts";
import { opsgenie as opsgenieVendor } from "../vendors/opsgenie.ts";
import { pagerduty as pagerdutyVendor } from "../vendors/pagerduty.ts";
import { receiver } from "../vendors/receiver.ts";
import discordSchema from "../vendors/schemas/discord.json" with { type: "json" };
import opsgenieSchema from "../vendors/schemas/opsgenie.json" with { type: "json" };
import slackSchema from "../vendors/schemas/slack.json" with { type: "json" };
import { slack as slackVendor } from "../vendors/slack.ts";
import { SECRETS, VENDOR_BASES } from "./fixtures.ts";

export const EMULATED: SinkBases = {
  ...VENDOR_BASES,
  opsgenieUs: "http://v/opsgenie/us",
  opsgenieEu: "http://v/opsgenie/eu",
  jsm: "http://v/opsgenie/jsm",
  discord: "http://v/discord/api/v10",
  slack: "http://v/slack/api",
  slackHooks: "http://v/slack/hooks",
};

/** The emulated vendor of a sink, without sockets: the same code that answers on them. */
export function vendor(kind: SinkKind): (request: SinkRequest) => SinkAnswer {
  const emulated = {
    pagerduty: pagerdutyVendor,
    opsgenie: opsgenieVendor,
    discord: discordVendor,
    slack: slackVendor,
    webhook: () => receiver(SECRETS.signing),
  };
  if (kind === "email") return () => ({ kind: "response", status: 250, headers: {}, body: "queued" });
  const v = emulated[kind]();
  return (request) => {
    const url = new URL(request.via === "http" ? request.url : "https://events.pagerduty.com/v2/enqueue");
    const body =
      request.via === "http" ? (request.body ?? "") : request.via === "pagerduty" ? JSON.stringify(request.data) : "";
    const headers = request.via === "http" ? { "user-agent": "Tocsin", ...request.headers } : {};
    const reply = v.answer({
      method: request.via === "http" ? request.method : "POST",
      path: url.pathname.replace(/^\/(opsgenie|discord|slack)(?=\/)/, ""),
      query: url.searchParams,
      headers,
      body,
    });
    return {
      kind: "response",
      status: reply.status,
      headers: reply.headers ?? {},
      body: typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body),
    };
  };
}

export function bodyOf(request: SinkRequest): Record<string, unknown> {
  if (request.via === "smtp") return { ...request.message };
  return request.via === "pagerduty" ? request.data : (JSON.parse(request.body ?? "{}") as Record<string, unknown>);
}

export const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
for (const [name, schema] of Object.entries({ discord: discordSchema, opsgenie: opsgenieSchema, slack: slackSchema }))
  ajv.addSchema(schema, name);

/** Which published schema a request's body must satisfy; null where the vendor publishes none. */
export function schemaOf(request: SinkRequest): string | null {
  if (request.via !== "http") return null;
  const path = new URL(request.url).pathname;
  if (path.includes("/chat.postMessage")) return "slack#/definitions/ChatPostMessageArguments";
  if (path.includes("/chat.update")) return "slack#/definitions/ChatUpdateArguments";
  if (path.includes("/hooks/services")) return "slack#/definitions/IncomingWebhookSendArguments";
  if (path.includes("/discord/"))
    return `discord#/definitions/IncomingWebhook${request.method === "PATCH" ? "Update" : ""}RequestPartial`;
  const alert = /\/alerts(?:\/[^/]+\/(\w+))?$/.exec(path);
  if (!alert) return null;
  const names: Record<string, string> = {
    acknowledge: "AcknowledgeAlert",
    close: "CloseAlert",
    notes: "AddNoteToAlert",
    message: "UpdateAlertMessage",
    priority: "UpdateAlertPriority",
  };
  return `opsgenie#/definitions/${names[alert[1] ?? ""] ?? "CreateAlert"}Payload`;
}
