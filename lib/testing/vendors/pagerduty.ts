// PagerDuty Events v2 as documented: dedup per key pair, 202 and dropped for what is not open, a plain-text 400 for
// an unknown key. The key of 32 zeros is unknown; every other well-formed one is a service.
import { now } from "../../adapters/clock.ts";
import { type Call, parsed, put, type Reply, text, type Vendor } from "./vendor.ts";

export interface PagerDutyIncident {
  number: number;
  key: string;
  status: "triggered" | "acknowledged" | "resolved";
  severity: string;
  summary: string;
  details: unknown;
  links: unknown;
  openedAt: string;
  log: { at: string; action: string; summary: string }[];
}

const SEVERITIES = ["critical", "error", "warning", "info"];
const ACTIONS = ["trigger", "acknowledge", "resolve"];
const MAX_BYTES = 512 * 1024;

export function pagerduty(): Vendor {
  const incidents = new Map<number, PagerDutyIncident>();
  const open = new Map<string, PagerDutyIncident>();
  let count = 0;

  function apply(event: Record<string, unknown>, payload: Record<string, unknown>): string {
    const key = text(event["dedup_key"]) || `generated-${count + 1}`;
    const service = `${text(event["routing_key"])} ${key}`;
    const action = text(event["event_action"]);
    const at = now().toISOString();
    let incident = open.get(service);
    if (!incident) {
      if (action !== "trigger") return key;
      incident = {
        number: ++count,
        key,
        status: "triggered",
        severity: text(payload["severity"]),
        summary: text(payload["summary"]),
        details: payload["custom_details"],
        links: event["links"],
        openedAt: at,
        log: [],
      };
      open.set(service, incident);
      put(incidents, incident.number, incident);
    }
    incident.log.push({ at, action, summary: text(payload["summary"]) });
    if (action === "acknowledge") incident.status = "acknowledged";
    if (action === "resolve") {
      incident.status = "resolved";
      open.delete(service);
    }
    return key;
  }

  return {
    kind: "pagerduty",
    pages: () => count,
    shows: () => [...incidents.values()].reverse(),
    answer(call: Call): Reply {
      if (call.path !== "/v2/enqueue") return { status: 404, body: "Not Found" };
      if (call.method !== "POST") return { status: 405, body: "Method Not Allowed" };
      if (Buffer.byteLength(call.body) > MAX_BYTES) return { status: 413, body: "Payload Too Large" };
      const event = parsed(call.body);
      if (!event)
        return {
          status: 400,
          body: {
            status: "Unrecognized object",
            message: "Event object format is unrecognized",
            errors: ["JSON parse error"],
          },
        };
      const routingKey = text(event["routing_key"]);
      if (!/^[A-Za-z0-9]{32}$/.test(routingKey) || /^0+$/.test(routingKey))
        return { status: 400, body: "Invalid routing key" };
      const payload = (
        typeof event["payload"] === "object" && event["payload"] !== null ? event["payload"] : {}
      ) as Record<string, unknown>;
      const errors = invalid(event, payload);
      if (errors.length > 0)
        return { status: 400, body: { status: "invalid event", message: "Event object is invalid", errors } };
      return { status: 202, body: { status: "success", message: "Event processed", dedup_key: apply(event, payload) } };
    },
  };
}

function invalid(event: Record<string, unknown>, payload: Record<string, unknown>): string[] {
  const errors: string[] = [];
  const action = text(event["event_action"]);
  if (!ACTIONS.includes(action))
    errors.push("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')");
  const key = text(event["dedup_key"]);
  if (key.length > 255) errors.push("'dedup_key' is too long (maximum is 255 characters)");
  if (action !== "trigger" && key === "") errors.push("'dedup_key' is missing or blank");
  if (action !== "trigger") return errors;
  for (const name of ["summary", "source"])
    if (text(payload[name]) === "") errors.push(`'payload.${name}' is missing or blank`);
  if (text(payload["summary"]).length > 1024) errors.push("'payload.summary' is too long (maximum is 1024 characters)");
  if (!SEVERITIES.includes(text(payload["severity"])))
    errors.push(
      "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
    );
  return errors;
}
