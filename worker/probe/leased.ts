// What of a target is a credential, parted from the rest on its way to a prober process: it travels sealed, opened by
// nobody but that process, and for no other tenant and server (lib/adapters/secrets/lease.ts).
import type { Lease, LeaseHolder, LeaseKeeper } from "#lib/adapters/secrets/lease";
import type { TargetExtras } from "./extras/looking.ts";
import type { Batch } from "./prober.ts";
import type { ProbeTarget } from "./transcript.ts";

/** Everything of a target that lets somebody in: what it presents, and the ids of sessions that are held open. */
interface Hidden {
  headers: ProbeTarget["headers"];
  clientCertificate?: ProbeTarget["clientCertificate"];
  held?: TargetExtras["held"] | undefined;
}

export interface SealedBatch {
  lease: Lease;
  keeper: Pick<LeaseKeeper, "signedBy" | "agreesWith">;
}

const hasOf = (record: object | undefined): boolean => record !== undefined && Object.keys(record).length > 0;
const secretive = ({ headers, clientCertificate, extras }: ProbeTarget): boolean =>
  hasOf(headers) || clientCertificate !== undefined || hasOf(extras?.held);

export const holdsSecrets = (batch: Batch): boolean => batch.targets.some(secretive);

/** @param holder public key of the process that it goes to */
export function sealBatch(batch: Batch, keeper: LeaseKeeper, holder: string, region: string): Batch {
  const secrets = new Map<string, string>();
  const targets = batch.targets.map((target): ProbeTarget => {
    if (!secretive(target)) return target;
    const { headers, clientCertificate, extras } = target;
    secrets.set(target.serverId, JSON.stringify({ headers, clientCertificate, held: extras?.held } satisfies Hidden));
    return {
      ...target,
      headers: {},
      clientCertificate: undefined,
      ...(extras && { extras: { ...extras, held: {} } }),
    };
  });
  const tenantId = targets[0]?.tenantId ?? "";
  const lease = keeper.issue({ tenantId, region, holder, secrets });
  const { signedBy, agreesWith } = keeper;
  return { ...batch, targets, sealed: { lease, keeper: { signedBy, agreesWith } } };
}

/** The batch as it was; each opened value is overwritten once it has been read. @throws TocsinError E_FORBIDDEN */
export function openBatch(batch: Batch, holder: LeaseHolder): ProbeTarget[] {
  if (!batch.sealed) return batch.targets;
  const { lease, keeper } = batch.sealed;
  const open = holder.accept(lease, keeper);
  try {
    return batch.targets.map((target) => {
      if (!Object.hasOwn(lease.sealed, target.serverId)) return target;
      const secret = open.open(target.tenantId, target.serverId);
      try {
        const { held, ...presented } = JSON.parse(secret.toString("utf8")) as Hidden;
        const { extras } = target;
        return { ...target, ...presented, ...(extras && { extras: { ...extras, held: held ?? {} } }) };
      } finally {
        secret.fill(0);
      }
    });
  } finally {
    open.close();
  }
}
