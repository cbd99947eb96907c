// What a batch needs to be probed: addresses, opened credentials, the last era, and which private ranges are allowed.
// Read by the region itself, in one transaction bound to the one tenant; a credential lives in memory until the answer.
import { type Db, WORKER_ACTOR } from "#lib/adapters/db";
import type { AddressPolicy } from "#lib/adapters/http";
import { places, type SecretBox } from "#lib/adapters/secrets";
import { type Era, ERAS } from "#lib/domain/outcome";
import { slotOffset } from "#lib/domain/cadence";
import { TocsinError } from "#lib/domain/error";
import { addressPolicy } from "#lib/queries/address-policy";
import type { ProbeJob } from "./job.ts";
import type { ProbeTarget } from "./transcript.ts";

const DAY_MS = 86_400_000;

export interface Loaded {
  targets: ProbeTarget[];
  policy: AddressPolicy;
  /** Servers whose stored credential does not open: not probed, and not the server's fault. */
  sealedShut: string[];
}

export async function loadTargets(db: Db, box: SecretBox, job: ProbeJob, ca: string | undefined): Promise<Loaded> {
  const { tenantId } = job;
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => {
    const ids = job.servers.map((s) => s.id);
    const servers = await tx.server.findMany({
      where: { tenantId, id: { in: ids }, removedAt: null, ...(job.live ? {} : { paused: false }) },
    });
    const credentials = await tx.serverCredential.findMany({ where: { tenantId, serverId: { in: ids } } });
    const seen = await tx.serverNow.findMany({
      where: { tenantId, serverId: { in: ids } },
      select: { serverId: true, era: true, status: true },
    });
    const sealedShut: string[] = [];
    const targetOf = async (server: (typeof servers)[number]): Promise<ProbeTarget[]> => {
      const credential = credentials.find((c) => c.serverId === server.id);
      const last = seen.find((s) => s.serverId === server.id);
      try {
        const headers = credential
          ? headerOf(
              credential.kind,
              credential.headerName,
              await box.open(tx, places.serverCredential(tenantId, server.id), credential.sealed),
            )
          : {};
        return [
          {
            serverId: server.id,
            tenantId,
            url: server.url,
            headers,
            knownEra: knownEra(server.id, last ?? null, job),
            ca,
          },
        ];
      } catch (error) {
        // A key service that is away is no fault of the credential: then nothing of this batch is checked.
        if (!(error instanceof TocsinError) || error.code !== "E_CONFIG") throw error;
        sealedShut.push(server.id);
        return [];
      }
    };
    const targets: ProbeTarget[] = [];
    for (const server of servers) targets.push(...(await targetOf(server)));
    return { targets, policy: await addressPolicy(tx), sealedShut };
  });
}

function headerOf(kind: string, name: string, value: string): Record<string, string> {
  return kind === "bearer" ? { Authorization: `Bearer ${value}` } : { [name]: value };
}

/** PURE. The cached era, unless the server failed last time or its daily look comes up: then it is found anew. */
export function knownEra(
  serverId: string,
  last: { era: string | null; status: string } | null,
  job: Pick<ProbeJob, "slot" | "intervalS" | "live">,
): Era | null {
  const era = ERAS.find((e) => e === last?.era);
  if (!era || job.live || (last?.status !== "up" && last?.status !== "degraded")) return null;
  const day = (at: number) => Math.floor((at + slotOffset(serverId, DAY_MS / 1_000)) / DAY_MS);
  return day(job.slot) === day(job.slot - job.intervalS * 1_000) ? era : null;
}
