// Who could run the installation: people of the identity provider that are root operators as groups are bound now.
// Emergency accounts do not count: whoever needs one of those should find somebody to let them back in.
import type { Tx } from "#lib/adapters/db";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";

export interface RootOperator {
  id: string;
  name: string;
  email: string | null;
}

/** An auditor holds no other layer, so who is both is no root operator: as lib/domain/bindings.ts has it. */
export function rootOperators(tx: Tx): Promise<RootOperator[]> {
  return tx.$queryRaw<RootOperator[]>`
    WITH named AS (SELECT coalesce(array_agg(pattern) FILTER (WHERE layer = 'root'), '{}') AS root,
        coalesce(array_agg(pattern) FILTER (WHERE layer = 'auditor'), '{}') AS auditor
      FROM role_binding WHERE removed_at IS NULL)
    SELECT p.id::text AS id, p.name, p.email FROM person p, named n
    WHERE p.disabled_at IS NULL AND p.issuer <> ${BREAK_GLASS_ISSUER} AND p.groups && n.root AND NOT p.groups && n.auditor
    ORDER BY p.name, p.id`;
}
