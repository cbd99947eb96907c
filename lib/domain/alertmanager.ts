// What Prometheus sends to an Alertmanager (POST /api/v2/alerts), and what an Alertmanager sends to a webhook receiver
// (version 4). One alert that is not understood does not cost the others: they are taken, and it is named.
import {
  fingerprintOf,
  fitLabels,
  fitLink,
  fitStart,
  type InboundAlert,
  MAX_ALERTS,
  severityIn,
  type Taken,
  timeIn,
} from "./inbound.ts";
import { TocsinError } from "./error.ts";
import { cleanText } from "./text.ts";

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === "object" && v !== null && !Array.isArray(v);
const text = (v: unknown, max: number): string => (typeof v === "string" ? cleanText(v, max) : "");

/** @throws TocsinError E_INVALID when it is no list, E_TOO_LARGE when it is too long a one */
export function alertsPosted(body: unknown, now: Date): Taken {
  if (!Array.isArray(body)) throw new TocsinError("E_INVALID", "Send a list of alerts.");
  // Without an end of its own an alert is over when it was not sent again for a while.
  return each(body, now, (one) => ({ endsAt: timeIn(one["endsAt"]), ends: true }));
}

/** @throws TocsinError E_INVALID for anything but version 4, E_TOO_LARGE */
export function webhookPosted(body: unknown, now: Date): Taken {
  if (!isObject(body) || body["version"] !== "4" || !Array.isArray(body["alerts"]))
    throw new TocsinError("E_INVALID", 'Send what Alertmanager sends to a webhook receiver: version "4", with alerts.');
  return each(body["alerts"], now, (one) => ({
    // A receiver is told of an end; nothing is sent again meanwhile but once in hours.
    endsAt: one["status"] === "resolved" ? (timeIn(one["endsAt"]) ?? now) : null,
    ends: false,
  }));
}

type Ends = (one: Json) => { endsAt: Date | null; ends: boolean };

function each(list: readonly unknown[], now: Date, ends: Ends): Taken {
  if (list.length > MAX_ALERTS)
    throw new TocsinError("E_TOO_LARGE", `Send at most ${MAX_ALERTS} alerts at once: send them in parts.`);
  const taken: Taken = { alerts: [], refused: [] };
  const found = new Map<string, InboundAlert>();
  list.forEach((one, n) => {
    const alert = isObject(one) ? alertOf(one, now, ends(one)) : "It is no object.";
    if (typeof alert === "string") taken.refused.push(`Alert ${n + 1}: ${alert}`);
    else found.set(alert.fingerprint, alert); // Twice in one request: the later word counts.
  });
  taken.alerts = [...found.values()];
  return taken;
}

function alertOf(one: Json, now: Date, { endsAt, ends }: ReturnType<Ends>): InboundAlert | string {
  const labels = fitLabels(one["labels"]);
  if (typeof labels === "string") return labels;
  if (Object.keys(labels).length === 0) return "It has no label.";
  for (const name of ["startsAt", "endsAt"])
    if (one[name] !== undefined && (typeof one[name] !== "string" || Number.isNaN(new Date(one[name]).getTime())))
      return `${name} is no time.`;
  const annotations = isObject(one["annotations"]) ? one["annotations"] : {};
  const startsAt = fitStart(timeIn(one["startsAt"]), now);
  // Refused as an Alertmanager does; what one of them tells a receiver is cut to the second, and believed.
  if (ends && endsAt !== null && timeIn(one["startsAt"]) !== null && endsAt < startsAt)
    return "It ends before it starts.";
  const summary = text(annotations["summary"], 200);
  const description = text(annotations["description"], 500) || text(annotations["message"], 500);
  const name = labels["alertname"] ?? "Alert";
  const where = labels["instance"] ?? labels["service"] ?? labels["job"];
  return {
    fingerprint: fingerprintOf(labels),
    status: endsAt !== null && endsAt <= now && (ends || one["status"] === "resolved") ? "resolved" : "firing",
    severity: severityIn(labels["severity"]),
    title: cleanText(where === undefined ? name : `${name} (${where})`, 120) || "Alert",
    body: cleanText([summary, description].filter(Boolean).join(" "), 500),
    labels,
    link: fitLink(one["generatorURL"]),
    startsAt,
    endsAt: endsAt ?? null,
  };
}
