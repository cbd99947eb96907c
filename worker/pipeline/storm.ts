// Is it one of many with one cause? Then the storm is told of and not its members; the one that makes it a storm opens it.
import { draft } from "#lib/domain/event";
import type { Reason, Severity, Status } from "#lib/domain/reason";
import { isGraver } from "#lib/domain/severity";
import {
  causeTitle,
  isWide,
  STORM_LOOK_MS,
  STORM_WINDOW_MS,
  stormKey,
  stormOf,
  stormSentence,
} from "#lib/domain/storm";
import { unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import { walk } from "./decide.ts";
import type { Hold, HoldAsk } from "./holds.ts";
import type { Subject } from "./passage.ts";
import { mayShare, type SharedCause, sharedNow } from "./shared.ts";
import { heardByStorm } from "./storm-reach.ts";

// A function and not a constant: decide.ts and holds.ts import each other through here.
export async function byStorm(ask: HoldAsk): Promise<Hold | null> {
  const { tx, incident, now } = ask;
  if (!mayShare(incident)) return null;
  const { causes, memberOf, manyPolicies, first } = await sharedNow(ask);
  if (memberOf !== null) return held(ask, memberOf);
  const late = !first && incident.openedAt.getTime() <= now.getTime() - STORM_WINDOW_MS;
  if (incident.step > 0 || late) return null;
  const { severity } = incident;
  const raises = (c: SharedCause) => c.stormSeverity !== null && isGraver(severity, c.stormSeverity);
  // Whoever has a storm in hand knows of what it was: nothing graver is taken in unheard.
  const shared = await choose(
    ask,
    causes.filter((c) => !(c.stormTaken && raises(c))),
  );
  if (shared === null) return null;
  const fresh = shared.stormId === null;
  const gravest = fresh || raises(shared) ? await gravestOf(ask, shared) : null;
  let may: string[] | null = null;
  if (manyPolicies) {
    const storm = { ...shared, severity: gravest?.severity ?? shared.stormSeverity ?? severity };
    may = await heardByStorm(ask, { reason: incident.reason, ...storm }, fresh ? await before(ask, shared.cause) : []);
    if (may === null) return null;
  }
  // Taken in hand just now, as what it was before this one: asked under its lock.
  if (gravest !== null && shared.stormId !== null && !(await isOpen(ask, shared.stormId))) return null;
  // One that is raised by this one is raised now: nobody waits for the next look at storms.
  const stormId = gravest === null ? shared.stormId : await open(ask, shared, gravest);
  if (stormId === null) return null;
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  // Those who were told before become members as well: they are not told again, and what follows is the storm's.
  const joined = await tx.$queryRaw<{ incident_id: string }[]>`
    WITH fit AS (SELECT c.incident_id FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
      WHERE c.tenant_id = app.tenant() AND c.cause = ${shared.cause} AND i.state <> 'resolved'
        AND (c.incident_id = ${incident.id}::uuid OR (${fresh} AND c.at > ${since}))
        AND (${may === null} OR c.incident_id = ANY (${may ?? []}::uuid[]))
        AND NOT EXISTS (SELECT 1 FROM storm_member m JOIN incident s ON s.tenant_id = m.tenant_id AND s.id = m.storm_id
          WHERE m.tenant_id = c.tenant_id AND m.incident_id = c.incident_id AND s.state <> 'resolved')),
    put AS (INSERT INTO storm_member (tenant_id, storm_id, incident_id, at) SELECT app.tenant(), ${stormId}::uuid, incident_id, ${now}::timestamptz FROM fit
      ON CONFLICT DO NOTHING RETURNING incident_id)
    INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
    SELECT app.tenant(), incident_id, ${now}::timestamptz, 'suppress', 'joined', ${joining(shared.cause)}, jsonb_build_object('storm', ${stormId}::text) FROM put
    RETURNING incident_id`;
  return joined.some((j) => j.incident_id === incident.id) ? held(ask, stormId) : null;
}

async function isOpen({ tx }: HoldAsk, stormId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ state: string }[]>`SELECT state FROM incident
    WHERE tenant_id = app.tenant() AND id = ${stormId}::uuid FOR NO KEY UPDATE`;
  return rows[0]?.state === "open";
}

const joining = (cause: string): string => `It belongs to one storm with others: ${causeTitle(cause)}.`;

function held({ now }: HoldAsk, stormId: string): Hold {
  const until = new Date(now.getTime() + STORM_LOOK_MS);
  const data = { kind: "storm", ref: stormId };
  return {
    kind: "storm",
    ref: stormId,
    until,
    said: draft(
      "held",
      "Held by a storm: it is told of together with the others; if it outlives them, by itself.",
      data,
    ),
  };
}

/** A reason or a region says less than it seems where other storms have it too: their members do not count for it. */
async function choose(ask: HoldAsk, causes: readonly SharedCause[]): Promise<SharedCause | null> {
  const shared = stormOf(causes) as SharedCause | null;
  if (shared === null || !isWide(shared.cause)) return shared;
  const since = new Date(ask.now.getTime() - STORM_WINDOW_MS);
  const [loose] = await ask.tx.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    WHERE c.tenant_id = app.tenant() AND c.cause = ${shared.cause} AND c.at > ${since} AND c.incident_id <> ${ask.incident.id}::uuid AND i.state <> 'resolved'
      AND NOT EXISTS (SELECT 1 FROM storm_member m JOIN incident s ON s.tenant_id = m.tenant_id AND s.id = m.storm_id AND s.state <> 'resolved'
        WHERE m.tenant_id = c.tenant_id AND m.incident_id = c.incident_id AND s.id IS DISTINCT FROM ${shared.stormId}::uuid)`;
  const exact = { ...shared, others: loose?.n ?? 0 };
  if (stormOf([exact]) !== null) return exact;
  return choose(
    ask,
    causes.filter((c) => c !== shared),
  );
}

interface Gravest {
  n: number;
  severity: Severity;
  status: Status;
  reason: Reason;
}

async function gravestOf({ tx, incident, now }: HoldAsk, { cause, others }: SharedCause): Promise<Gravest> {
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  const [found] = await tx.$queryRaw<{ [K in keyof Gravest]: Gravest[K] | null }[]>`
    SELECT count(DISTINCT i.server_id)::int AS n, min(i.severity) AS severity, CASE WHEN bool_or(i.status = 'down') THEN 'down' ELSE 'degraded' END AS status,
      mode() WITHIN GROUP (ORDER BY i.reason) AS reason
    FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    WHERE c.tenant_id = app.tenant() AND c.cause = ${cause} AND c.at > ${since} AND i.state <> 'resolved'`;
  return {
    n: found?.n || others + 1,
    severity: found?.severity ?? incident.severity,
    status: found?.status ?? incident.status,
    reason: found?.reason ?? incident.reason,
  };
}

/** Those that share the cause already, with whom they tell. */
async function before({ tx, incident, now }: HoldAsk, cause: string) {
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  return tx.$queryRaw<
    { id: string; severity: Severity; policy: unknown }[]
  >`SELECT i.id::text, i.severity, i.policy FROM incident_cause c
    JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    WHERE c.tenant_id = app.tenant() AND c.cause = ${cause} AND c.at > ${since} AND i.state <> 'resolved' AND i.id <> ${incident.id}::uuid LIMIT 500`;
}

/** Opens it, or raises the one that lives. @returns the storm's incident; null where somebody has just closed it by hand */
async function open(
  { tx, tenantId, incident, now }: HoldAsk,
  { cause }: SharedCause,
  { n, severity, status, reason }: Gravest,
): Promise<string | null> {
  const decided = await walk(tx, {
    tenantId,
    subject: subjectOf(cause, severity, incident.tenantName),
    verdict: stormVerdict(status, reason, stormSentence(cause, n, reason)),
    sealed: null,
    slot: now,
    now,
    atOnce: false,
    before: { bad: 0, good: 0, flips: [] },
  });
  return decided.incidentId;
}

/** @param status up: it is over */
export const stormVerdict = (status: Status, reason: Reason | null, sentence: string): Verdict => ({
  ...unlookedVerdict("up", reason, sentence),
  status,
});

export const subjectOf = (cause: string, severity: Severity, tenantName: string): Subject => ({
  ...{ kind: "storm", key: stormKey(cause), serverId: null, name: causeTitle(cause), url: "", tenantName, severity },
  ...{ weight: "own", fireAfter: 1, clearAfter: 1, intervalMs: STORM_WINDOW_MS },
});
