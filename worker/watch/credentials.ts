// Credentials that end: one page each, 72 hours before, down the ordinary road and apart from what the probes see. It is
// over when another one was saved, also when that happens after the end.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { EXPIRY_NOTICE_MS, expirySentence } from "#lib/domain/credential";
import { fingerprint } from "#lib/domain/fingerprint";
import { unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";
import { serverSubject } from "../pipeline/server-now.ts";

export interface CredentialWatch {
  opened: number;
  resolved: number;
}

const DAY_MS = 86_400_000;
const AT_ONCE = 500;

/** First part of the fingerprint: beside the server's own, so that a good probe does not end it. */
export const credentialKey = (serverId: string): string => `${serverId}:credential`;
const OF_CREDENTIALS = `%${fingerprint(":credential", "expiry")}`;

/** One look. What is known and unchanged costs nothing further. */
export async function watchCredentials(db: Db, sweeper: Sweeper, now: Date): Promise<CredentialWatch> {
  const result: CredentialWatch = { opened: 0, resolved: 0 };
  const due = await sweeper.find<{ tenant_id: string; server_id: string; ending: boolean }>(
    `WITH ending AS (SELECT DISTINCT c.tenant_id, c.server_id FROM server_credential c
         JOIN server s ON s.tenant_id = c.tenant_id AND s.id = c.server_id AND s.removed_at IS NULL AND NOT s.paused
         WHERE c.expires_at <= $1),
       told AS (SELECT tenant_id, split_part(fingerprint, ':', 1)::uuid AS server_id FROM incident
         WHERE state <> 'resolved' AND subject_kind = 'server' AND fingerprint LIKE $2)
     SELECT tenant_id, server_id, e.server_id IS NOT NULL AS ending
     FROM (SELECT *, true AS is FROM ending) e FULL JOIN (SELECT *, true AS is FROM told) t USING (tenant_id, server_id)
     WHERE e.is IS NULL OR t.is IS NULL LIMIT ${AT_ONCE}`,
    [new Date(now.getTime() + EXPIRY_NOTICE_MS), OF_CREDENTIALS],
  );
  for (const { tenant_id: tenantId, server_id: serverId } of due) {
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, (tx) => judge(tx, tenantId, serverId, now));
    const did = await unlessErased(work, null);
    if (did === "opened") result.opened++;
    if (did === "resolved") result.resolved++;
  }
  return result;
}

async function judge(tx: Tx, tenantId: string, serverId: string, now: Date): Promise<"opened" | "resolved" | null> {
  const probed = await serverSubject(tx, serverId);
  if (probed === null) return null; // Paused or removed: whoever closes what is abandoned closes this as well.
  // Two who look at once stand in a line here; the second finds the first one's incident.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${credentialKey(serverId)}, 0))::text`;
  const stored = await tx.serverCredential.findMany({
    where: { tenantId, serverId },
    select: { region: true, expiresAt: true },
    orderBy: { expiresAt: "asc" },
  });
  const said = stored.flatMap((c) => (c.expiresAt ? (expirySentence(c.expiresAt, c.region, now) ?? []) : []));
  const gone = stored.length === 0 ? "The credential was deleted." : "Another credential was saved.";
  const verdict: Verdict =
    said.length > 0 ? unlookedVerdict("up", "credential_expiring", said.join(" ")) : unlookedVerdict("up", null, gone);
  const subject: Subject = {
    ...probed,
    key: credentialKey(serverId),
    // Whoever runs the server: the credential is the tenant's own.
    weight: "own",
    // At once. Closed by hand it is not raised again for a day: the person who did that knew.
    ...{ fireAfter: 2, clearAfter: 1, intervalMs: DAY_MS },
  };
  const none = { bad: 0, good: 0, flips: [] };
  const decided = await walk(tx, {
    ...{ tenantId, subject, verdict, sealed: null, slot: now, now, atOnce: false, before: none },
  });
  return decided.change === "opened" ? "opened" : decided.resolved.length > 0 ? "resolved" : null;
}
