// Whose token it is: looked up in the tenant that the token names, and compared as a hash in constant time.
import type { Db } from "#lib/adapters/db";
import { WORKER_ACTOR } from "#lib/adapters/db";
import { sourceSigningKey } from "#lib/adapters/derived-keys";
import { sameSecret, standardSigned } from "#lib/domain/signature";
import { readPair } from "#lib/domain/sink-inbound";
import { readSourceToken, sourceTokenHash } from "#lib/domain/source-token";

export interface KnownSource {
  tenantId: string;
  id: string;
  kind: string;
}

const NONE = new Uint8Array(32);

/** @returns null for a token that is unknown or was taken back */
export async function sourceOfToken(db: Db, token: string): Promise<KnownSource | null> {
  const named = readSourceToken(token);
  const row = named === null ? null : await find(db, named);
  const right = sameSecret(sourceTokenHash(token), row?.token_hash ?? NONE);
  return right && row !== null && named !== null ? { ...named, kind: row.kind } : null;
}

export interface Signed {
  id: string | null;
  timestamp: string | null;
  signature: string | null;
}

/** @param pair tenant and source, as the address names them @returns null for what it did not sign */
export async function sourceOfSignature(
  db: Db,
  pair: string,
  headers: Signed,
  body: Uint8Array,
  now: Date,
): Promise<KnownSource | null> {
  const named = readPair(pair);
  const row = named === null ? null : await find(db, named);
  const right = standardSigned(sourceSigningKey(named?.id ?? ""), headers, body, now);
  return right && row !== null && named !== null ? { ...named, kind: row.kind } : null;
}

function find(db: Db, { tenantId, id }: { tenantId: string; id: string }) {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => {
    const [row] = await tx.$queryRaw<
      { token_hash: Uint8Array; kind: string }[]
    >`SELECT token_hash, kind FROM inbound_source
      WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND revoked_at IS NULL`;
    return row ?? null;
  });
}
