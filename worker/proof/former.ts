// A former signing secret goes for good when its day is over; that it signs no more is decided where it signs.
import { type Db, type Sweeper, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { places, type SecretBox } from "#lib/adapters/secrets";
import { eachApart } from "./apart.ts";

/** @returns how many were forgotten */
export async function forgetFormer(db: Db, sweeper: Sweeper, box: SecretBox, now: Date): Promise<number> {
  const due = await sweeper.find<{ tenant_id: string; id: string }>(
    "SELECT tenant_id, id FROM sink WHERE former_secret_until <= $1 AND removed_at IS NULL LIMIT 100",
    [now],
  );
  return eachApart(due, 1, async ({ tenant_id: tenantId, id }) => {
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
      // Whoever saves the sink meanwhile waits for this, and this for them: neither overwrites the other's secret.
      const [row] = await tx.$queryRaw<{ sealed: Uint8Array | null }[]>`SELECT sealed FROM sink
        WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND former_secret_until <= ${now} FOR UPDATE`;
      if (row === undefined) return false;
      const place = places.sink(tenantId, id);
      const hidden: Record<string, string> =
        row.sealed === null ? {} : JSON.parse(await box.open(tx, place, row.sealed));
      const { formerSecret: _, formerUntil: __, ...kept } = hidden;
      const sealed = row.sealed === null ? null : Buffer.from(await box.seal(tx, place, JSON.stringify(kept)));
      await tx.$executeRaw`UPDATE sink SET sealed = ${sealed}, former_secret_until = NULL WHERE tenant_id = app.tenant() AND id = ${id}::uuid`;
      return true;
    });
    return unlessErased(work, false);
  });
}
