// An incident as the verbs read it, locked: two verbs on one incident take turns.
import type { Tx } from "#lib/adapters/db";
import type { IncidentState, SubjectKind } from "#lib/domain/incident";
import type { NoticeContent } from "#lib/domain/notice";
import type { Reason, Severity, Status } from "#lib/domain/reason";

export interface Incident {
  id: string;
  number: number;
  subjectKind: SubjectKind;
  serverId: string | null;
  subjectName: string;
  fingerprint: string;
  dedupKey: string;
  state: IncidentState;
  severity: Severity;
  status: Status;
  reason: Reason;
  evidence: string;
  regions: NoticeContent["regions"];
  openedAt: Date;
  startedAt: Date;
  lastBadSlot: Date;
  badSlots: number;
  policy: unknown;
  step: number;
  nextStepAt: Date | null;
  silenceId: string | null;
  /** Why its next step waits, or null. */
  heldBy: string | null;
  heldRef: string | null;
  labels: Record<string, string>;
  drill: boolean;
  tenantName: string;
  /** "" where the subject is no server. */
  serverUrl: string;
}

const COLUMNS = `i.id, i.number, i.subject_kind AS "subjectKind", i.server_id AS "serverId", i.subject_name AS "subjectName", i.fingerprint,
  i.dedup_key AS "dedupKey", i.state, i.severity, i.status, i.reason, i.evidence, i.regions, i.opened_at AS "openedAt",
  i.started_at AS "startedAt", i.last_bad_slot AS "lastBadSlot", i.bad_slots AS "badSlots", i.policy, i.step, i.next_step_at AS "nextStepAt",
  i.silence_id AS "silenceId", i.held_by AS "heldBy", i.held_ref AS "heldRef", i.labels, i.drill, t.name AS "tenantName", coalesce(s.url, '') AS "serverUrl"`;
const FROM = `incident i JOIN tenant t ON t.id = i.tenant_id LEFT JOIN server s ON s.tenant_id = i.tenant_id AND s.id = i.server_id`;

// NO KEY: a sender that holds a delivery's lock writes a timeline row, whose foreign key must not have to wait for us
// while we wait for that delivery.
/** Live incidents with these fingerprints, locked until the transaction ends. */
export function liveByFingerprint(tx: Tx, prints: readonly string[]): Promise<Incident[]> {
  return tx.$queryRawUnsafe<Incident[]>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE i.tenant_id = app.tenant() AND i.fingerprint = ANY ($1) AND i.state <> 'resolved' FOR NO KEY UPDATE OF i`,
    [...prints],
  );
}

/** Locked; null when this tenant has no such incident. */
export async function incidentById(tx: Tx, id: string): Promise<Incident | null> {
  const rows = await tx.$queryRawUnsafe<Incident[]>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE i.tenant_id = app.tenant() AND i.id = $1::uuid FOR NO KEY UPDATE OF i`,
    id,
  );
  return rows[0] ?? null;
}
