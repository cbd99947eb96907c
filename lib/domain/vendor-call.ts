// What the vendors' own words mean here. Their bodies were signed, and are hostile all the same: whatever is not as
// expected is nothing.
import { cleanText } from "./text.ts";

export interface VendorCall {
  verb: "acknowledge" | "resolve" | "reassign" | "none";
  /** "" when it names none. */
  dedupKey: string;
  who: { name: string; email?: string };
  /** What the vendor calls this call, "" when it has no name. */
  key: string;
  to?: string;
}

type Json = Record<string, unknown>;
const object = (v: unknown): Json => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Json) : {});
const text = (v: unknown, max = 200): string => (typeof v === "string" ? cleanText(v, max) : "");
const mail = (v: unknown): { email?: string } => {
  const address = text(v, 254);
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address) ? { email: address } : {};
};

const PAGERDUTY: Record<string, VendorCall["verb"]> = {
  "incident.acknowledged": "acknowledge",
  "incident.resolved": "resolve",
  "incident.reassigned": "reassign",
  "incident.delegated": "reassign",
};

/** A webhook of PagerDuty, version 3. The event's own id is signed; the header with an id is not. */
export function pagerdutyCall(body: unknown): VendorCall {
  const event = object(object(body)["event"]);
  const data = object(event["data"]);
  const type = text(event["event_type"], 60);
  const assignees = Array.isArray(data["assignees"]) ? data["assignees"].slice(0, 5) : [];
  return {
    verb: Object.hasOwn(PAGERDUTY, type) ? (PAGERDUTY[type] ?? "none") : "none",
    dedupKey: text(data["incident_key"], 100),
    who: { name: text(object(event["agent"])["summary"], 80) },
    key: text(event["id"], 150),
    to: assignees
      .map((a) => text(object(a)["summary"], 60))
      .filter(Boolean)
      .join(", "),
  };
}

const OPSGENIE: Record<string, VendorCall["verb"]> = { Acknowledge: "acknowledge", Close: "resolve" };

/** An outgoing webhook of OpsGenie or Jira Service Management. They give it no id. */
export function opsgenieCall(body: unknown): VendorCall {
  const alert = object(object(body)["alert"]);
  const action = text(object(body)["action"], 40);
  const user = text(alert["username"], 254);
  return {
    verb: Object.hasOwn(OPSGENIE, action) ? (OPSGENIE[action] ?? "none") : "none",
    dedupKey: text(alert["alias"], 100),
    who: { name: user.split("@", 1)[0] ?? "", ...mail(user) },
    key: "",
  };
}

export interface SlackClick {
  verb: "acknowledge" | "resolve" | "none";
  ref: string;
  who: { name: string; email?: string };
  /** Of the click and its message: a second one with it is the same. */
  key: string;
}

/** A press of a button in Slack (block_actions); null for anything else. */
export function slackClick(payload: unknown): SlackClick | null {
  const body = object(payload);
  if (body["type"] !== "block_actions" || !Array.isArray(body["actions"])) return null;
  const action = object(body["actions"][0]);
  const name = text(action["action_id"], 60);
  const user = object(body["user"]);
  const container = object(body["container"]);
  return {
    verb: name === "tocsin_acknowledge" ? "acknowledge" : name === "tocsin_resolve" ? "resolve" : "none",
    ref: text(action["value"], 200),
    who: { name: text(user["name"], 80) || text(user["username"], 80), ...mail(user["email"]) },
    key: `${text(action["action_ts"], 40)}/${text(container["message_ts"], 40)}`,
  };
}
