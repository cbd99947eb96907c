// Rows of data_key: each tenant's own key, wrapped. One of them seals, retired ones still open.
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { now } from "../clock.ts";
import type { Tx } from "../db.ts";
import { KEY_BYTES } from "./bytes.ts";
import { type KeyStore, noSuchKey } from "./key-store.ts";

/** With random 96-bit IVs a key is good for 2^32 messages; half of that, and never longer than a quarter of a year. */
export const MOST_USES = 2 ** 31;
export const DATA_KEY_MS = 90 * 24 * 3_600_000;
/** Uses are counted by a draw: one in so many adds so many. Counting each would have all who seal wait for each other. */
const COUNTED = 1_024;

interface Row {
  id: string;
  kekId: string;
  wrapped: Uint8Array;
  createdAt: Date;
  uses: bigint;
}

/** The wrapped key as a record names it. @throws TocsinError E_CONFIG when it is gone */
export async function wrappedKey(tx: Tx, tenantId: string, keyId: string): Promise<{ kekId: string; blob: Buffer }> {
  const [row] = await tx.$queryRaw<Pick<Row, "kekId" | "wrapped">[]>`SELECT kek_id AS "kekId", wrapped FROM data_key
    WHERE tenant_id = ${tenantId}::uuid AND id = ${keyId}::uuid`;
  if (!row) throw noSuchKey(`data key ${keyId}`);
  return { kekId: row.kekId, blob: Buffer.from(row.wrapped) };
}

const active = async (tx: Tx, tenantId: string): Promise<Row | undefined> =>
  (
    await tx.$queryRaw<Row[]>`SELECT id, kek_id AS "kekId", wrapped, created_at AS "createdAt", uses FROM data_key
    WHERE tenant_id = ${tenantId}::uuid AND retired_at IS NULL`
  )[0];

/** The key that seals for this tenant now; makes the first one, and a new one when its time or its uses are over. */
export async function sealingKey(
  tx: Tx,
  tenantId: string,
  store: KeyStore,
): Promise<{ id: string; kekId: string; blob: Buffer }> {
  const at = now();
  let row = await active(tx, tenantId);
  if (row && (at.getTime() - row.createdAt.getTime() >= DATA_KEY_MS || row.uses >= MOST_USES)) {
    await tx.$executeRaw`UPDATE data_key SET retired_at = ${at} WHERE tenant_id = ${tenantId}::uuid AND id = ${row.id}::uuid
      AND retired_at IS NULL`;
    row = undefined;
  }
  if (!row) {
    await make(tx, tenantId, store, at);
    row = await active(tx, tenantId);
  }
  if (!row) throw noSuchKey(`data key of ${tenantId}`);
  if (randomInt(COUNTED) === 0)
    await tx.$executeRaw`UPDATE data_key SET uses = uses + ${COUNTED} WHERE tenant_id = ${tenantId}::uuid AND id = ${row.id}::uuid`;
  return { id: row.id, kekId: row.kekId, blob: Buffer.from(row.wrapped) };
}

/** Two at once make one: the second waits for the first and takes its key. */
async function make(tx: Tx, tenantId: string, store: KeyStore, at: Date): Promise<void> {
  const keyId = randomUUID();
  const dataKey = randomBytes(KEY_BYTES);
  try {
    const { kekId, blob } = await store.wrap(dataKey, { tenantId, keyId });
    await tx.$executeRaw`INSERT INTO data_key (tenant_id, id, kek_id, wrapped, created_at)
      VALUES (${tenantId}::uuid, ${keyId}::uuid, ${kekId}, ${blob}, ${at})
      ON CONFLICT (tenant_id) WHERE retired_at IS NULL DO NOTHING`;
  } finally {
    dataKey.fill(0);
  }
}
