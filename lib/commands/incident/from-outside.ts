// What somebody did at a vendor comes back here: a click in Slack, a webhook of PagerDuty or OpsGenie. Its signature was
// checked before. One transaction: the call is written down once, and of a repeat, or of our own echo, nothing comes.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { type Db, type TenantContext, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { draft } from "#lib/domain/event";
import { cleanText } from "#lib/domain/text";
import { personByMail } from "#lib/queries/person-by-mail";
import { acknowledge } from "./acknowledge-now.ts";
import { closeIncident } from "./close.ts";
import { incidentById, type Incident } from "./row.ts";
import { writeTimeline } from "./timeline.ts";

export type Road = "slack" | "pagerduty" | "opsgenie";
const VENDOR: Record<Road, string> = { slack: "Slack", pagerduty: "PagerDuty", opsgenie: "OpsGenie" };
/** Their own page shows what was done there; a message in Slack is ours, and changed by us. */
const SHOWS_ITSELF: Record<Road, boolean> = { slack: false, pagerduty: true, opsgenie: true };

export interface Outside {
  tenantId: string;
  sinkId: string;
  road: Road;
  /** What its sender calls it: a second one with this key does nothing. */
  key: string;
  verb: "acknowledge" | "resolve" | "reassign" | "none";
  /** By our id, or by the key over all sinks. */
  incident: { id: string } | { dedupKey: string };
  who: { name: string; email?: string };
  /** To whom, of a reassignment. */
  to?: string;
  from?: string;
}

export interface Came {
  outcome: "done" | "already" | "unknown" | "ignored" | "repeat";
  reason: string;
}

export function fromOutside(db: Db, given: Outside, now: Date): Promise<Came> {
  const { tenantId, road, sinkId, from } = given;
  const context: TenantContext = { tenantId, actorId: WORKER_ACTOR, ...(from ? { trace: { from } } : {}) };
  return db.withTenant(context, async (tx) => {
    const id = randomUUID();
    const key = cleanText(given.key, 200) || id;
    const fresh =
      await tx.$executeRaw`INSERT INTO inbound_call (tenant_id, id, road, key, sink_id, at, outcome) VALUES (${tenantId}::uuid, ${id}::uuid,
      ${road}, ${key}, ${sinkId}::uuid, ${now}, 'ignored') ON CONFLICT (tenant_id, road, key) WHERE key IS NOT NULL DO NOTHING`;
    if (fresh === 0) return { outcome: "repeat", reason: "This was sent before." };
    const incident = await find(tx, given.incident);
    const came = incident === null ? nobody() : await carryOut(tx, context, given, incident, now);
    const known = incident?.id ?? null;
    await settle(tx, { tenantId, id, incidentId: known, ...came });
    return came;
  });
}

const nobody = (): Came => ({ outcome: "unknown", reason: "No incident of this tenant has this key." });

async function settle(tx: Tx, row: { tenantId: string; id: string; incidentId: string | null } & Came): Promise<void> {
  await tx.$executeRaw`UPDATE inbound_call SET outcome = ${row.outcome}, reason = ${cleanText(row.reason, 300)}, incident_id = ${row.incidentId}::uuid
    WHERE tenant_id = ${row.tenantId}::uuid AND id = ${row.id}::uuid`;
}

async function find(tx: Tx, by: Outside["incident"]): Promise<Incident | null> {
  if ("id" in by) return incidentById(tx, by.id);
  const [row] = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM incident
    WHERE tenant_id = app.tenant() AND dedup_key = ${by.dedupKey.slice(0, 80)}`;
  return row === undefined ? null : incidentById(tx, row.id);
}

async function carryOut(tx: Tx, context: TenantContext, given: Outside, incident: Incident, now: Date): Promise<Came> {
  const { tenantId, road, sinkId, verb } = given;
  const vendor = VENDOR[road];
  if (verb === "none") return { outcome: "ignored", reason: "Nothing here follows from that." };
  const person = given.who.email === undefined ? null : await personByMail(tx, tenantId, given.who.email);
  const called = `${(person?.name ?? cleanText(given.who.name, 80)) || "Somebody"} via ${vendor}`;
  const personId = person?.id ?? null;
  const shownAt = SHOWS_ITSELF[road] ? { shownAt: sinkId } : {};
  const noted = (action: string, more: Record<string, unknown> = {}) =>
    audit(tx, personId === null ? context : { ...context, actorId: personId }, {
      action,
      target: `incident:${incident.id}`,
      body: { number: incident.number, severity: incident.severity, via: road, sink: sinkId, ...more },
      personal: {
        subject: personId === null ? `outside:${road}` : `person:${personId}`,
        body: { by: called, ...(given.who.email === undefined ? {} : { email: cleanText(given.who.email, 200) }) },
      },
    });
  if (verb === "acknowledge") {
    const done = await acknowledge(tx, tenantId, incident, { name: called, personId, ...shownAt }, now);
    if (!done.done)
      return {
        outcome: "already",
        reason: done.state === "resolved" ? "It is resolved already." : `It is already acknowledged by ${done.by}.`,
      };
    await noted("incident.acknowledge", { told: done.told });
    return { outcome: "done", reason: `${called} acknowledged #${incident.number}.` };
  }
  if (verb === "resolve") {
    const sentence = `${called} resolved this by hand.`;
    const by = { id: personId, name: called };
    if (!(await closeIncident(tx, incident, { tenantId, now, sentence, by, ...shownAt })))
      return { outcome: "already", reason: "It is resolved already." };
    await noted("incident.resolve", { was: incident.state });
    return { outcome: "done", reason: `${called} resolved #${incident.number}.` };
  }
  const to = cleanText(given.to ?? "", 200);
  const sentence = `${called} gave this to ${to === "" ? "somebody else" : to}.`;
  await writeTimeline(tx, { tenantId, incidentId: incident.id }, [draft("noted", sentence)], now);
  await noted("incident.note");
  await liveHint(tx, { tenant: tenantId, what: "incident", id: incident.id });
  return { outcome: "done", reason: sentence };
}
