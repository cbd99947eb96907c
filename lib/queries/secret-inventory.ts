import type { Tx } from "#lib/adapters/db";
import { SECRET_KINDS, type SecretKind, type StoredSecret } from "#lib/domain/secret-inventory";

interface Value {
  tenant_id: string;
  kind: string;
  id: string;
  form: number;
  data_key_id: string | null;
  sealed_at: Date;
  used_at: Date | null;
  live: boolean;
}

const HOLDERS: Readonly<Record<Exclude<SecretKind, "server_credential">, string>> = {
  sink: "worker",
  sink_inbound: "console",
  audit_stream: "worker",
  heartbeat_target: "worker",
  session: "console",
  erasure_request: "operators",
};

/** Every stored secret of the installation and who may open it now; read in the installation's own tenant, empty elsewhere. */
export async function secretInventory(tx: Tx): Promise<StoredSecret[]> {
  const values = await tx.$queryRaw<
    Value[]
  >`SELECT tenant_id::text, kind, id, form, data_key_id::text, sealed_at, used_at, live
    FROM app.sealed_values() ORDER BY sealed_at`;
  const keys = await tx.$queryRaw<{ id: string; tenant_id: string; kek_id: string }[]>`
    SELECT id::text, tenant_id::text, kek_id FROM app.data_keys()`;
  const looks = await tx.$queryRaw<{ tenant_id: string; server_id: string; region: string }[]>`
    SELECT DISTINCT tenant_id::text, server_id::text, region FROM app.credential_regions() ORDER BY region`;
  const kekOf = new Map(keys.map((k) => [`${k.tenant_id} ${k.id}`, k.kek_id]));
  const regionsOf = Map.groupBy(looks, (l) => `${l.tenant_id} ${l.server_id}`);
  return values.flatMap((v): StoredSecret[] => {
    const kind = SECRET_KINDS.find((k) => k === v.kind);
    if (!kind) return [];
    const [serverId, only = ""] = v.id.split("/");
    const regions = (regionsOf.get(`${v.tenant_id} ${serverId}`) ?? []).map((l) => l.region);
    return [
      {
        tenantId: v.tenant_id,
        kind,
        id: v.id.replace(/\/$/, ""),
        since: v.sealed_at.getTime(),
        usedAt: v.used_at?.getTime() ?? null,
        live: v.live,
        holders: kind === "server_credential" ? regions.filter((r) => only === "" || r === only) : [HOLDERS[kind]],
        kekId: (v.data_key_id === null ? null : kekOf.get(`${v.tenant_id} ${v.data_key_id}`)) ?? null,
        firstForm: v.form === 1,
      },
    ];
  });
}

export interface SecretReport {
  madeAt: number;
  lookedAt: number;
  faults: number;
}

/** The newest of the reports that are made once a quarter. */
export async function lastSecretReport(tx: Tx, tenantId: string): Promise<SecretReport | null> {
  const row = await tx.weeklyReport.findFirst({
    where: { tenantId, kind: "secret_grants" },
    orderBy: { week: "desc" },
  });
  if (row === null) return null;
  return { madeAt: row.madeAt.getTime(), lookedAt: row.lookedAt, faults: (row.findings as unknown[]).length };
}
