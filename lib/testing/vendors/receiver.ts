// Somebody's webhook receiver as Standard Webhooks wants it: checks the signature, knows a repeat by webhook-id, and
// pages its person once per triggered event.
import { Webhook } from "standardwebhooks";
import { now } from "../../adapters/clock.ts";
import { type Call, parsed, push, put, type Reply, text, type Vendor } from "./vendor.ts";

/** For development and tests only: it signs nothing outside this machine. */
export const DEVELOPMENT_WEBHOOK_SECRET = `whsec_${Buffer.from("tocsin-development-webhook-secret").toString("base64")}`;

export interface WebhookEvent {
  id: string;
  type: string;
  at: string;
  repeats: number;
  body: unknown;
}

export function receiver(secret: string): Vendor {
  const verifier = new Webhook(secret);
  const seen = new Map<string, WebhookEvent>();
  const events: WebhookEvent[] = [];
  let pages = 0;
  return {
    kind: "webhook",
    pages: () => pages,
    shows: () => events,
    answer(call: Call): Reply {
      if (call.method !== "POST") return { status: 405, body: "" };
      if (call.path === "/gone") return { status: 410, body: "" };
      if (!signed(verifier, call)) return { status: 401, body: { error: "invalid signature" } };
      const id = call.headers["webhook-id"] ?? "";
      const body = parsed(call.body) ?? {};
      const before = seen.get(id);
      if (before) before.repeats++;
      else {
        const event: WebhookEvent = { id, type: text(body["type"]), at: now().toISOString(), repeats: 0, body };
        put(seen, id, event);
        push(events, event);
        if (event.type === "tocsin.incident.triggered") pages++;
      }
      if (text(body["type"]) === "tocsin.challenge")
        return { status: 200, body: { challenge: (body["data"] as { code?: unknown } | undefined)?.code ?? "" } };
      return { status: 204, body: "" };
    },
  };
}

// The library compares with the machine's clock, and a test moves the product's: so the age is checked here.
function signed(verifier: Webhook, call: Call): boolean {
  const { "webhook-id": id = "", "webhook-timestamp": stamp = "", "webhook-signature": given = "" } = call.headers;
  const at = new Date(Number(stamp) * 1000);
  if (id === "" || Number.isNaN(at.getTime()) || Math.abs(now().getTime() - at.getTime()) > 300_000) return false;
  return given.split(" ").includes(verifier.sign(id, at, call.body));
}
