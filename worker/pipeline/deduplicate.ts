import { randomUUID } from "node:crypto";
import { type Incident, liveByFingerprint } from "#lib/commands/incident/row";
import { dedupKey, fingerprint, type Mode } from "#lib/domain/fingerprint";
import { draft } from "#lib/domain/event";
import { isGraver } from "#lib/domain/severity";
import type { Reason, Severity } from "#lib/domain/reason";
import type { Passage, Stage } from "./passage.ts";

/** One incident for one way of failing of one subject: open it, or extend the one that lives. */
export const deduplicate: Stage = {
  name: "deduplicate",
  async run(p) {
    if (p.mode === null || p.severity === null || p.reason === null) return;
    const print = fingerprint(p.subject.key, p.mode);
    const living = p.live.find((i) => i.fingerprint === print);
    if (living) return extend(p, living, p.severity, p.reason);
    if (!p.fires || (await resolvedByHandJustNow(p, print))) {
      p.fires = false;
      p.said = [];
      return;
    }
    const opened = await open(p, print, p.mode, p.severity, p.reason);
    if (opened) {
      p.incident = opened;
      p.change = "opened";
      p.said.push(draft("opened", `Opened as #${opened.number}.`, { fingerprint: print }));
      const near = daysNear(p);
      if (near !== null) p.said.push(nearer(near));
      return;
    }
    // Somebody else opened it between our look and our insert: it is theirs, and this slot extends it.
    const theirs = (await liveByFingerprint(p.tx, [print]))[0];
    if (theirs) await extend(p, theirs, p.severity, p.reason);
  },
};

const regionsOf = (p: Passage) =>
  Object.entries(p.verdict.regions).map(([region, { status, reason, cause }]) => ({
    ...{ region, status, reason },
    ...(cause !== undefined && { cause }),
  }));

/** @returns null when an incident with this fingerprint lives already */
async function open(
  p: Passage,
  print: string,
  mode: Mode,
  severity: Severity,
  reason: Reason,
): Promise<Incident | null> {
  const { tx, tenantId, subject, verdict, slot } = p;
  const id = randomUUID();
  const bad = mode === "serving" ? p.streaks.bad : 1;
  const startedAt = new Date(slot.getTime() - (bad - 1) * subject.intervalMs);
  const rows = await tx.$queryRaw<{ number: number }[]>`
    INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
      evidence, regions, opened_at, started_at, last_bad_slot, bad_slots, policy, drill, labels)
    VALUES (${tenantId}::uuid, ${id}::uuid, app.next_incident_number(), ${subject.kind},
      ${subject.serverId}::uuid, ${subject.name}, ${print}, ${dedupKey(id)}, 'open', ${severity}, ${verdict.status}, ${reason}, ${verdict.evidence},
      ${JSON.stringify(regionsOf(p))}::jsonb, ${p.now}, ${startedAt}, ${slot}, ${bad}, '{}'::jsonb, ${subject.drill ?? false}, ${JSON.stringify(subject.labels ?? {})}::jsonb)
    ON CONFLICT (tenant_id, fingerprint) WHERE state <> 'resolved' DO NOTHING RETURNING number`;
  const number = rows[0]?.number;
  if (number === undefined) return null;
  return {
    ...{
      id,
      number,
      subjectKind: subject.kind,
      serverId: subject.serverId,
      subjectName: subject.name,
      fingerprint: print,
      dedupKey: dedupKey(id),
    },
    ...{
      state: "open",
      severity,
      status: verdict.status,
      reason,
      evidence: verdict.evidence,
      regions: regionsOf(p),
      openedAt: p.now,
      startedAt,
    },
    ...{
      lastBadSlot: slot,
      badSlots: bad,
      policy: {},
      step: 0,
      nextStepAt: null,
      silenceId: null,
      heldBy: null,
      heldRef: null,
      drill: subject.drill ?? false,
      labels: { ...subject.labels },
      tenantName: subject.tenantName,
      serverUrl: subject.url,
    },
  };
}

async function extend(p: Passage, living: Incident, severity: Severity, reason: Reason): Promise<void> {
  const raised = isGraver(severity, living.severity);
  const now: Incident = {
    ...living,
    reason,
    status: p.verdict.status,
    evidence: p.verdict.evidence,
    regions: regionsOf(p),
    badSlots: living.badSlots + 1,
    severity: raised ? severity : living.severity,
  };
  await p.tx
    .$executeRaw`UPDATE incident SET severity = ${now.severity}, status = ${now.status}, reason = ${reason}, evidence = ${now.evidence},
    regions = ${JSON.stringify(now.regions)}::jsonb, last_bad_slot = ${p.slot}, bad_slots = ${now.badSlots}
    WHERE tenant_id = app.tenant() AND id = ${living.id}::uuid AND state <> 'resolved'`;
  // Only the flapping, if that was found, is news of an incident that is open already.
  p.said = p.said.filter((s) => s.decision === "flapping");
  if (reason !== living.reason)
    p.said.push(
      draft("reason_changed", `It fails differently now, and it is the same incident. ${p.verdict.evidence}`, {
        from: living.reason,
        to: reason,
      }),
    );
  if (raised)
    p.said.push(
      draft("severity_raised", `Raised from ${living.severity} to ${severity}.`, {
        from: living.severity,
        to: severity,
      }),
    );
  if (isMilestone(now.badSlots))
    p.said.push(
      draft("extended", `Still failing after ${now.badSlots} slots: the same incident, so nobody is told again.`, {
        badSlots: now.badSlots,
      }),
    );
  const near = daysNear(p);
  const news = near !== null && !(await saidNear(p, living.id, near));
  if (news) p.said.push(nearer(near));
  p.incident = now;
  p.change = raised || news ? "raised" : "extended";
}

const NEAR: Readonly<Record<string, number>> = { tls_ends_in_14_days: 14, tls_ends_in_7_days: 7 };

/** Within how many days a certificate ends, as the regions that look say: 14, 7, or null while there is more time. */
function daysNear({ reason, sealed }: Passage): number | null {
  if (reason !== "tls_expiring" || sealed === null) return null;
  const days = Object.values(sealed.outcomes).flatMap((o) => NEAR[o.evidence.cause ?? ""] ?? []);
  return days.length === 0 ? null : Math.min(...days);
}

const nearer = (days: number) => draft("expiry_nearer", `The certificate ends within ${days} days.`, { days });

/** Told once each, also where two edges with two certificates take turns in being seen. */
async function saidNear({ tx }: Passage, incidentId: string, days: number): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM incident_event WHERE tenant_id = app.tenant()
    AND incident_id = ${incidentId}::uuid AND decision = 'expiry_nearer' AND (data ->> 'days')::int <= ${days} LIMIT 1`;
  return rows.length > 0;
}

/** A row for every slot of a long outage would bury the timeline; the count itself is on the incident. */
const isMilestone = (slots: number): boolean => /^[13]0+$/.test(String(slots));

/** Closed by hand, it takes a whole new run to open again: the person who closed it knew that it still fails. */
async function resolvedByHandJustNow(p: Passage, print: string): Promise<boolean> {
  const fresh = new Date(p.slot.getTime() - (p.subject.fireAfter - 1) * p.subject.intervalMs);
  const rows = await p.tx.$queryRaw<
    unknown[]
  >`SELECT 1 FROM incident WHERE tenant_id = app.tenant() AND fingerprint = ${print}
    AND resolved_by IS NOT NULL AND resolved_at > ${fresh} LIMIT 1`;
  return rows.length > 0;
}
