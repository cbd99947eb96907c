// Which private ranges this tenant's probes and sinks may reach. None, unless an operator allowed a named one.
import type { Tx } from "#lib/adapters/db";
import type { AddressPolicy } from "#lib/adapters/http";

export async function addressPolicy(tx: Tx): Promise<AddressPolicy> {
  const rows = await tx.addressAllowance.findMany({ where: { revokedAt: null } });
  return { allow: rows.map((r) => ({ cidr: r.cidr, ports: [r.portFrom, r.portTo] })) };
}
