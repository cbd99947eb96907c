// Seals anew what lies under a retired data key or in the first form, and replaces data keys whose time is over where
// nobody seals. Only as it was read: whoever saved the secret meanwhile has sealed it anew already.
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, PLATFORM_TENANT, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { places, type SecretBox, type SecretPlace } from "#lib/adapters/secrets";
import { DATA_KEY_MS, sealingKey } from "#lib/adapters/secrets/data-keys";

const platform = { tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR, readOnly: true };

interface Found {
  tenant_id: string;
  kind: string;
  id: string;
}

/** How each kind is read and written: its place, its row as it is, and the row as it shall be. */
interface Kind {
  place(tenantId: string, id: string): SecretPlace;
  read(tx: Tx, tenantId: string, id: string): Promise<{ sealed: Uint8Array | null }[]>;
  write(tx: Tx, tenantId: string, id: string, was: Uint8Array, is: Uint8Array): Promise<number>;
}

const half = (id: string, n: 0 | 1): string => id.split("/")[n] ?? "";
const erasureColumn = (id: string) => (half(id, 1) === "note_sealed" ? "note_sealed" : "identifiers_sealed");

const KINDS: Record<string, Kind> = {
  server_credential: {
    place: (t, id) => places.serverCredential(t, half(id, 0), half(id, 1)),
    read: (tx, t, id) => tx.$queryRaw`SELECT sealed FROM server_credential
      WHERE tenant_id = ${t}::uuid AND server_id = ${half(id, 0)}::uuid AND region = ${half(id, 1)}`,
    write: (tx, t, id, was, is) => tx.$executeRaw`UPDATE server_credential SET sealed = ${is}
      WHERE tenant_id = ${t}::uuid AND server_id = ${half(id, 0)}::uuid AND region = ${half(id, 1)} AND sealed = ${was}`,
  },
  sink: {
    place: places.sink,
    read: (tx, t, id) => tx.$queryRaw`SELECT sealed FROM sink WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid`,
    write: (tx, t, id, was, is) =>
      tx.$executeRaw`UPDATE sink SET sealed = ${is} WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid AND sealed = ${was}`,
  },
  sink_inbound: {
    place: places.sinkInbound,
    read: (tx, t, id) =>
      tx.$queryRaw`SELECT sealed FROM sink_inbound WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid`,
    write: (tx, t, id, was, is) =>
      tx.$executeRaw`UPDATE sink_inbound SET sealed = ${is} WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid AND sealed = ${was}`,
  },
  audit_stream: {
    place: places.auditStream,
    read: (tx, t, id) =>
      tx.$queryRaw`SELECT sealed FROM audit_stream WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid`,
    write: (tx, t, id, was, is) =>
      tx.$executeRaw`UPDATE audit_stream SET sealed = ${is} WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid AND sealed = ${was}`,
  },
  heartbeat_target: {
    place: places.heartbeat,
    read: (tx, t, id) =>
      tx.$queryRaw`SELECT sealed FROM heartbeat_target WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid`,
    write: (tx, t, id, was, is) =>
      tx.$executeRaw`UPDATE heartbeat_target SET sealed = ${is} WHERE tenant_id = ${t}::uuid AND id = ${id}::uuid AND sealed = ${was}`,
  },
  session: {
    place: places.sessionRefresh,
    read: (tx, _t, id) => tx.$queryRaw`SELECT refresh_sealed AS sealed FROM session WHERE id = ${id}::uuid`,
    write: (tx, _t, id, was, is) =>
      tx.$executeRaw`UPDATE session SET refresh_sealed = ${is} WHERE id = ${id}::uuid AND refresh_sealed = ${was}`,
  },
  erasure_request: {
    place: (t, id) => places.erasureRequest(t, half(id, 0), erasureColumn(id)),
    read: (tx, t, id) =>
      erasureColumn(id) === "note_sealed"
        ? tx.$queryRaw`SELECT note_sealed AS sealed FROM erasure_request WHERE tenant_id = ${t}::uuid AND id = ${half(id, 0)}::uuid`
        : tx.$queryRaw`SELECT identifiers_sealed AS sealed FROM erasure_request WHERE tenant_id = ${t}::uuid AND id = ${half(id, 0)}::uuid`,
    write: (tx, t, id, was, is) =>
      erasureColumn(id) === "note_sealed"
        ? tx.$executeRaw`UPDATE erasure_request SET note_sealed = ${is} WHERE tenant_id = ${t}::uuid AND id = ${half(id, 0)}::uuid AND note_sealed = ${was}`
        : tx.$executeRaw`UPDATE erasure_request SET identifiers_sealed = ${is} WHERE tenant_id = ${t}::uuid AND id = ${half(id, 0)}::uuid AND identifiers_sealed = ${was}`,
  },
};

/** @returns how many values were sealed anew, and how many do not open: those stay as they are and are shown as such */
export async function resealAll(
  db: Db,
  box: SecretBox,
  log: Log,
  go: () => boolean = () => true,
): Promise<{ sealed: number; shut: number; more: boolean }> {
  const before = new Date(clockNow().getTime() - DATA_KEY_MS);
  const old = await db.withTenant(
    platform,
    (tx) =>
      tx.$queryRaw<{ id: string }[]>`SELECT tenant_id AS id FROM app.tenants_with_old_keys(${before}::timestamptz)`,
  );
  for (const { id } of old) {
    if (!go()) return { sealed: 0, shut: 0, more: true };
    const work = db.withTenant({ tenantId: id, actorId: WORKER_ACTOR }, (tx) => sealingKey(tx, id, box.store));
    await unlessErased(work, null);
  }
  const found = await db.withTenant(
    platform,
    (tx) => tx.$queryRaw<Found[]>`SELECT tenant_id, kind, id FROM app.sealed_values() WHERE outdated`,
  );
  let sealed = 0;
  let shut = 0;
  for (const value of found) {
    if (!go()) return { sealed, shut, more: true };
    try {
      sealed += await unlessErased(resealOne(db, box, value), 0);
    } catch (err) {
      shut++;
      log.warn({ err, tenant: value.tenant_id, kind: value.kind, id: value.id }, "a stored secret does not open");
    }
  }
  return { sealed, shut, more: false };
}

async function resealOne(db: Db, box: SecretBox, { tenant_id: tenantId, kind, id }: Found): Promise<number> {
  const how = KINDS[kind];
  if (!how) return 0;
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const [row] = await how.read(tx, tenantId, id);
    const was = row?.sealed ?? null;
    if (was === null) return 0;
    const place = how.place(tenantId, id);
    return how.write(tx, tenantId, id, was, await box.seal(tx, place, await box.open(tx, place, was)));
  });
}
