// A tool list on its way into the database: once per content, whoever sends it, and never more of them than a server
// that changes by the minute could fill a disk with.
import { type Db, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { keptNote, readKept } from "#lib/domain/tool-list";

/** New lists of one server within an hour that are kept. */
export const MOST_PER_HOUR = 24;

export interface SentList {
  tenantId: string;
  serverId: string;
  region: string;
  fullHash: string;
  contractHash: string;
  /** As the prober or the agent sent it: believed only where its content bears out the hashes. */
  tools: unknown;
}

/** @returns false when it was known already, is not what its hashes say, or is one too many */
export async function keepList(db: Db, sent: SentList, now: Date): Promise<boolean> {
  const { tenantId, serverId, fullHash, contractHash } = sent;
  const tools = readKept(sent.tools, fullHash, contractHash);
  if (tools === null) return false;
  // jsonb refuses U+0000.
  const json = JSON.stringify(tools).replaceAll("\\u0000", "\\ufffd");
  const hourAgo = new Date(now.getTime() - 3_600_000);
  const written = db.withTenant(
    { tenantId, actorId: WORKER_ACTOR },
    (
      tx,
    ) => tx.$executeRaw`INSERT INTO tool_list (tenant_id, server_id, full_hash, contract_hash, tools, count, note, region, first_seen)
      SELECT s.tenant_id, s.id, ${fullHash}, ${contractHash}, ${json}::jsonb, ${tools.length}, ${keptNote(tools)}, ${sent.region}, ${now}
      FROM server s WHERE s.tenant_id = app.tenant() AND s.id = ${serverId}::uuid AND s.removed_at IS NULL
        AND (SELECT count(*) FROM tool_list l WHERE l.tenant_id = s.tenant_id AND l.server_id = s.id AND l.first_seen > ${hourAgo}) < ${MOST_PER_HOUR}
      ON CONFLICT DO NOTHING`,
  );
  return (await unlessErased(written, 0)) > 0;
}
