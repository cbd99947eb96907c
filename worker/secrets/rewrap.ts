// Every data key is wrapped under the key that is current now. A row at a time and only as it was read: it can stop
// anywhere and go on, and whoever reads meanwhile finds either wrapping, each of which opens.
import { type Db, PLATFORM_TENANT, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { KeyStore } from "#lib/adapters/secrets/key-store";

const AT_ONCE = 6;
const PAGE = 500;

export interface Rewrapped {
  keys: number;
  /** Tenants are left over: the time was up. */
  more: boolean;
}

/** @param go asked before each page; false stops it. @throws TocsinError E_CONFIG when a key opens no more, after the others */
export async function rewrapAll(db: Db, store: KeyStore, to: string, go: () => boolean): Promise<Rewrapped> {
  let keys = 0;
  const failed = new Map<string, unknown>();
  for (;;) {
    if (!go()) return { keys, more: true };
    const tenants = (await tenantsUnderOtherKeys(db, to, PAGE + failed.size)).filter((id) => !failed.has(id));
    if (tenants.length === 0) break;
    const left = [...tenants];
    const one = async () => {
      for (let id = left.pop(); id !== undefined && go(); id = left.pop()) {
        const tenantId = id;
        try {
          const wrapped = await unlessErased(rewrapTenant(db, store, tenantId, to), 0);
          keys += wrapped; // Not in one line: others count meanwhile.
        } catch (error) {
          failed.set(tenantId, error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }
  const [first] = failed.values();
  if (first !== undefined) throw first;
  return { keys, more: false };
}

const tenantsUnderOtherKeys = (db: Db, than: string, most: number): Promise<string[]> =>
  db.withTenant({ tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => {
    const rows = await tx.$queryRaw<
      { id: string }[]
    >`SELECT tenant_id AS id FROM app.tenants_under_other_keys(${than}, ${most}::int)`;
    return rows.map((r) => r.id);
  });

async function rewrapTenant(db: Db, store: KeyStore, tenantId: string, to: string): Promise<number> {
  const context = { tenantId, actorId: WORKER_ACTOR };
  const rows = await db.withTenant({ ...context, readOnly: true }, (tx) =>
    tx.dataKey.findMany({ where: { tenantId, NOT: { kekId: to } }, select: { id: true, kekId: true, wrapped: true } }),
  );
  // No transaction is open while the key service is waited for.
  const next = await Promise.all(
    rows.map(async ({ id, kekId, wrapped }) => {
      const name = { tenantId, keyId: id };
      const dataKey = await store.unwrap({ kekId, blob: Buffer.from(wrapped) }, name);
      try {
        return { id, kekId, now: await store.wrap(dataKey, name) };
      } finally {
        dataKey.fill(0);
      }
    }),
  );
  return db.withTenant(context, async (tx) => {
    let changed = 0;
    for (const { id, kekId, now } of next)
      changed += await tx.$executeRaw`UPDATE data_key SET kek_id = ${now.kekId}, wrapped = ${now.blob}
        WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND kek_id = ${kekId}`;
    return changed;
  });
}
