// What of a target is a credential, parted from the rest on its way to a prober process: it travels sealed, opened by
// nobody but that process, and for no other tenant and server (lib/adapters/secrets/lease.ts).
import type { Lease, LeaseHolder, LeaseKeeper } from "#lib/adapters/secrets/lease";
import type { Batch } from "./prober.ts";
import type { ProbeTarget } from "./transcript.ts";

/** Every field of a target that may hold a credential. */
const HIDDEN = ["headers", "clientCertificate"] as const satisfies readonly (keyof ProbeTarget)[];
type Hidden = Pick<ProbeTarget, (typeof HIDDEN)[number]>;

export interface SealedBatch {
  lease: Lease;
  keeper: Pick<LeaseKeeper, "signedBy" | "agreesWith">;
}

function secretOf(target: ProbeTarget): string | null {
  const { headers, clientCertificate } = target;
  if (Object.keys(headers).length === 0 && clientCertificate === undefined) return null;
  return JSON.stringify({ headers, clientCertificate } satisfies Hidden);
}

export const holdsSecrets = (batch: Batch): boolean => batch.targets.some((t) => secretOf(t) !== null);

/** @param holder public key of the process that it goes to */
export function sealBatch(batch: Batch, keeper: LeaseKeeper, holder: string, region: string): Batch {
  const secrets = new Map<string, string>();
  const targets = batch.targets.map((target): ProbeTarget => {
    const secret = secretOf(target);
    if (secret === null) return target;
    secrets.set(target.serverId, secret);
    return { ...target, headers: {}, clientCertificate: undefined };
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
        return { ...target, ...(JSON.parse(secret.toString("utf8")) as Hidden) };
      } finally {
        secret.fill(0);
      }
    });
  } finally {
    open.close();
  }
}
