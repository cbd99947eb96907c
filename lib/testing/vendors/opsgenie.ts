// OpsGenie's Alert API (us, eu) and JSM's integration events: 202 for everything well-formed, work done by alias,
// identifierType "id" unless said otherwise. The key of zeros belongs to another region, that of ones
// to an integration that ignores what it is told.
import { now } from "../../adapters/clock.ts";
import { type Call, parsed, put, type Reply, text, type Vendor } from "./vendor.ts";

export interface OpsgenieAlert {
  id: string;
  account: string;
  alias: string;
  message: string;
  description: string;
  priority: string;
  tags: unknown;
  details: unknown;
  count: number;
  status: "open" | "closed";
  acknowledged: boolean;
  log: { at: string; action: string; note: string }[];
}

const LIMITS: Record<string, number> = {
  message: 130,
  alias: 512,
  description: 15_000,
  entity: 512,
  source: 100,
  note: 25_000,
  user: 100,
};
/** Of an integration whose rules ignore everything: accepted all the same. */
const IGNORING = /^GenieKey 1{8}-/;
const KEY = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

export function opsgenie(): Vendor {
  const alerts = new Map<string, OpsgenieAlert>();
  const requests = new Map<string, { alertId: string; action: string; done: boolean; asked?: boolean }>();
  let count = 0;
  let calls = 0;

  const find = (account: string, id: string, by: string) =>
    [...alerts.values()]
      .reverse()
      .find((a) => a.account === account && (by === "alias" ? a.alias === id && a.status === "open" : a.id === id));

  const accepted = (action: string, alert: OpsgenieAlert | undefined): Reply => {
    const requestId = `00000000-0000-4000-8000-${String(++calls).padStart(12, "0")}`;
    put(requests, requestId, { alertId: alert?.id ?? "", action, done: alert !== undefined });
    return { status: 202, body: { result: "Request will be processed", took: 0.01, requestId } };
  };

  function create(account: string, given: Record<string, unknown>): Reply {
    const alias = text(given["alias"]) || `alert-${count + 1}`;
    const known = find(account, alias, "alias");
    if (known) {
      known.count++;
      return accepted("Create", known);
    }
    const alert: OpsgenieAlert = {
      id: `alert-${++count}`,
      account,
      alias,
      message: text(given["message"]),
      description: text(given["description"]),
      priority: text(given["priority"]) || "P3",
      tags: given["tags"],
      details: given["details"],
      count: 1,
      status: "open",
      acknowledged: false,
      log: [{ at: now().toISOString(), action: "created", note: text(given["note"]) }],
    };
    put(alerts, alert.id, alert);
    return accepted("Create", alert);
  }

  function change(alert: OpsgenieAlert, action: string, given: Record<string, unknown>): void {
    if (action === "acknowledge") alert.acknowledged = true;
    if (action === "close") alert.status = "closed";
    if (action === "message") alert.message = text(given["message"]);
    if (action === "priority") alert.priority = text(given["priority"]);
    alert.log.push({ at: now().toISOString(), action, note: text(given["note"]) });
  }

  return {
    kind: "opsgenie",
    pages: () => count,
    shows: () => [...alerts.values()].reverse(),
    answer(call: Call): Reply {
      const [, account = "", rest = ""] = /^\/(us|eu|jsm)(\/v2\/.*)$/.exec(call.path) ?? [];
      const refusal = authorised(call);
      if (refusal) return refusal;
      const asked = /^\/v2\/alerts\/requests\/([\w-]+)$/.exec(rest)?.[1];
      if (asked !== undefined && call.method === "GET") return status(requests.get(asked));
      const ignores = IGNORING.test(call.headers["authorization"] ?? "");
      const given = parsed(call.body);
      if (!given)
        return {
          status: 400,
          body: { message: "Request body is not processable. Please check the errors.", took: 0, requestId: "none" },
        };
      const errors = invalid(given, rest === "/v2/alerts");
      if (Object.keys(errors).length > 0)
        return {
          status: 422,
          body: {
            message: "Request body is not processable. Please check the errors.",
            errors,
            took: 0,
            requestId: "none",
          },
        };
      if (ignores) return accepted("Ignore", undefined);
      if (rest === "/v2/alerts" && call.method === "POST") return create(account, given);
      const [, id = "", action = ""] =
        /^\/v2\/alerts\/([^/]+)\/(acknowledge|close|notes|message|priority|description)$/.exec(rest) ?? [];
      const put = ["message", "priority", "description"].includes(action);
      if (action === "" || (account === "jsm" && put))
        return { status: 404, body: { message: "No such path", took: 0, requestId: "none" } };
      if (call.method !== (put ? "PUT" : "POST"))
        return { status: 405, body: { message: "Method not allowed", took: 0, requestId: "none" } };
      const alert = find(account, decodeURIComponent(id), call.query.get("identifierType") ?? "id");
      if (alert) change(alert, action, given);
      return accepted(action, alert);
    },
  };
}

function authorised(call: Call): Reply | null {
  const [, key = ""] = /^GenieKey (.+)$/.exec(call.headers["authorization"] ?? "") ?? [];
  if (key === "" || /^[0-]+$/.test(key))
    return { status: 401, body: { message: "Could not authenticate", took: 0, requestId: "none" } };
  return KEY.test(key)
    ? null
    : { status: 422, body: { message: "Key format is not valid!", took: 0, requestId: "none" } };
}

/** Not done at the first asking, done at the second. */
function status(request: { alertId: string; action: string; done: boolean; asked?: boolean } | undefined): Reply {
  const early = request !== undefined && !request.asked;
  if (request) request.asked = true;
  if (!request || early)
    return {
      status: 404,
      headers: { "x-opsgenie-errortype": "RequestNotProcessed" },
      body: { message: "Request not found. It might not be processed, yet.", took: 0, requestId: "none" },
    };
  return {
    status: 200,
    body: {
      data: {
        success: request.done,
        isSuccess: request.done,
        action: request.action,
        status: request.done
          ? "Processed"
          : request.action === "Ignore"
            ? "Ignored by the integration's rules"
            : "Alert does not exist",
        alertId: request.alertId,
      },
      took: 0,
      requestId: "none",
    },
  };
}

function invalid(given: Record<string, unknown>, creating: boolean): Record<string, string> {
  const errors: Record<string, string> = {};
  if (creating && text(given["message"]) === "") errors["message"] = "Message can not be empty.";
  for (const [name, most] of Object.entries(LIMITS))
    if (text(given[name]).length > most) errors[name] = `${name} exceeds the limit of ${most} characters.`;
  if (given["priority"] !== undefined && !/^P[1-5]$/.test(text(given["priority"])))
    errors["priority"] = "should be one of [P1, P2, P3, P4, P5]";
  const tags = given["tags"];
  if (Array.isArray(tags) && (tags.length > 20 || tags.some((t) => text(t).length > 50)))
    errors["tags"] = "at most 20 tags of 50 characters.";
  if (JSON.stringify(given["details"] ?? {}).length > 8_000)
    errors["details"] = "exceeds the limit of 8000 characters.";
  return errors;
}
