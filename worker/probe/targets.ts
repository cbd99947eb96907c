// What a batch needs to be probed: addresses, opened credentials, the last era, and which private ranges are allowed.
// Read by the region itself, in one transaction bound to the one tenant; a credential lives in memory until the answer.
import { type Db, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import type { AddressPolicy } from "#lib/adapters/http";
import { places, type SecretBox } from "#lib/adapters/secrets";
import { type Era, ERAS } from "#lib/domain/outcome";
import { slotOffset, talkDue } from "#lib/domain/cadence";
import { credentialFor } from "#lib/domain/credential";
import { knownLists } from "#lib/domain/drift";
import { TocsinError } from "#lib/domain/error";
import { addressPolicy } from "#lib/queries/address-policy";
import { acceptedLists, type Guarded, unguarded, openedCredential } from "./credential/load.ts";
import { loadExtras, type ServerExtras } from "./extras/load.ts";
import type { ProbeJob } from "./job.ts";
import type { ProbeTarget } from "./transcript.ts";

const DAY_MS = 86_400_000;

export interface Loaded {
  targets: ProbeTarget[];
  policy: AddressPolicy;
  /** Servers whose stored credential does not open: not probed, and not the server's fault. */
  sealedShut: string[];
  /** By server id; only of servers with a credential or with a wall before them. */
  guarded: Map<string, Guarded>;
  /** By server id; only of servers with extra checks. */
  extras: Map<string, ServerExtras>;
}

export async function loadTargets(
  db: Db,
  box: SecretBox,
  job: ProbeJob,
  region: string,
  ca: string | undefined,
): Promise<Loaded> {
  const { tenantId } = job;
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => {
    const ids = job.servers.map((s) => s.id);
    const servers = await tx.server.findMany({
      where: { tenantId, id: { in: ids }, removedAt: null, ...(job.live ? {} : { paused: false }) },
    });
    const credentials = await tx.serverCredential.findMany({ where: { tenantId, serverId: { in: ids } } });
    const seen = await tx.serverNow.findMany({
      where: { tenantId, serverId: { in: ids } },
      select: { serverId: true, era: true, status: true, auth: true, surface: true },
    });
    const calls = await designated(tx, tenantId, credentials);
    const sealedShut: string[] = [];
    const guarded = new Map<string, Guarded>();
    const targetOf = async (server: (typeof servers)[number]): Promise<ProbeTarget[]> => {
      const of = { tenantId, serverId: server.id, url: server.url };
      const stored = credentialFor(
        credentials.filter((c) => c.serverId === server.id),
        region,
      );
      const last = seen.find((s) => s.serverId === server.id);
      try {
        const place = stored && places.serverCredential(tenantId, server.id, stored.region);
        const used = stored && place ? openedCredential(stored, await box.open(tx, place, stored.sealed), of) : null;
        if (used)
          guarded.set(server.id, {
            ...used.guarded,
            callId: calls.get(server.id) ?? null,
            accepted: acceptedLists(last?.surface),
          });
        else if (last?.auth === "protected") guarded.set(server.id, unguarded);
        const routine =
          !job.live && !guarded.has(server.id) && last?.status === "up" && !talkDue(server.id, job.slot, job.intervalS);
        const era = knownEra(server.id, last ?? null, job);
        const lists = knownLists(last?.surface);
        return [{ ...of, headers: {}, ...used?.presented, knownEra: era, ca, routine, knownLists: lists }];
      } catch (error) {
        // A key service that is away is no fault of the credential: then nothing of this batch is checked.
        if (!(error instanceof TocsinError) || error.code !== "E_CONFIG") throw error;
        sealedShut.push(server.id);
        return [];
      }
    };
    const targets: ProbeTarget[] = [];
    for (const server of servers) targets.push(...(await targetOf(server)));
    const extras = await loadExtras(tx, tenantId, ids);
    return { targets, policy: await addressPolicy(tx), sealedShut, guarded, extras };
  });
}

/** The one test call of a server that its walk looks at; asked for only where a credential is stored. */
async function designated(tx: Tx, tenantId: string, credentials: { serverId: string }[]): Promise<Map<string, string>> {
  if (credentials.length === 0) return new Map();
  const rows = await tx.extraCheck.findMany({
    where: {
      ...{ tenantId, kind: "canary", removedAt: null, paused: false },
      serverId: { in: credentials.map((c) => c.serverId) },
      settings: { path: ["healthTool"], equals: true },
    },
    select: { id: true, serverId: true },
    orderBy: { createdAt: "desc" },
  });
  return new Map(rows.map((r) => [r.serverId, r.id]));
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
