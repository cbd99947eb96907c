// Which private ranges this tenant's probes and sinks may reach. None, unless an operator allowed a named one.
import type { Tx } from "#lib/adapters/db";
import { deniedRanges } from "#lib/adapters/env";
import type { AddressPolicy } from "#lib/adapters/http";

export async function addressPolicy(tx: Tx): Promise<AddressPolicy> {
  const rows = await tx.addressAllowance.findMany({ where: { revokedAt: null } });
  return policyOf(rows.map((r) => ({ cidr: r.cidr, ports: [r.portFrom, r.portTo] })));
}

/** With what this installation denies whatever anybody allowed. */
export function policyOf(allow: AddressPolicy["allow"]): AddressPolicy {
  const deny = deniedRanges();
  return { allow, ...(deny.length > 0 && { deny }) };
}
