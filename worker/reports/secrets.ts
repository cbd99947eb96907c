import type { Tx } from "#lib/adapters/db";
import { secretFaults } from "#lib/domain/secret-inventory";
import { secretInventory } from "#lib/queries/secret-inventory";

const LISTED_AT_MOST = 500;

/** Once a quarter: which stored secrets are old, unused, or for nobody to use. In the installation's own tenant. */
export async function secretGrantsOf(tx: Tx, now: Date): Promise<{ lookedAt: number; findings: object[] }> {
  const all = await secretInventory(tx);
  const findings = all.flatMap((secret) => {
    const faults = secretFaults(secret, now.getTime());
    const { tenantId, kind, id, holders } = secret;
    return faults.length === 0 ? [] : [{ tenantId, kind, id, holders, faults }];
  });
  return { lookedAt: all.length, findings: findings.slice(0, LISTED_AT_MOST) };
}
