// Whose token it is: found by its open part, compared as a hash in constant time, and asked anew for each request, so
// that one that was taken back opens nothing from the next one on.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Db } from "#lib/adapters/db";
import { tokenPrefix } from "#lib/domain/region";

export interface TokenOwner {
  id: string;
  region: string;
  enabled: boolean;
}

/** @returns null for a token that is unknown, wrong or taken back, and for a region that has no agent */
export async function ownerOf(db: Db, token: string): Promise<TokenOwner | null> {
  const prefix = tokenPrefix(token);
  if (prefix === null) return null;
  const [row] = await db.global(
    (tx) => tx.$queryRaw<(TokenOwner & { hash: Uint8Array })[]>`SELECT t.id, t.region, r.enabled, t.token_hash AS hash
      FROM region_token t JOIN region r ON r.name = t.region
      WHERE t.prefix = ${prefix} AND t.revoked_at IS NULL AND r.kind = 'agent'`,
  );
  const said = createHash("sha256").update(token).digest();
  // Also for a prefix that nobody has something is compared.
  const good = timingSafeEqual(said, row?.hash ?? Buffer.alloc(32));
  return row !== undefined && good ? { id: row.id, region: row.region, enabled: row.enabled } : null;
}
