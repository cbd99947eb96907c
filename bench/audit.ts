// Verification of a log: the arithmetic alone over rows in memory, and the whole of `tocsin audit verify` on a database,
// beside one set-based SQL statement that only computes the hashes again.
import { randomUUID } from "node:crypto";
import { findings } from "#lib/domain/audit/finding";
import type { SealedRow } from "#lib/domain/audit/verify";
import { verifyChain } from "#lib/domain/audit/verify";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { type Ask, headNow, sealedRows } from "#lib/queries/audit-proof";
import { testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { type Row, round } from "./parts.ts";

const EVENTS = 50_000;
const PER_TRANSACTION = 500;
async function* none() {}

export async function benchAudit(): Promise<Row[]> {
  const db = await testDatabase();
  try {
    const { id } = await makeTenant(db);
    const ask: Ask = (sql, params = []) => db.sql(sql, params) as never;
    for (let n = 0; n < EVENTS; n += PER_TRANSACTION) {
      await db.sql(
        `INSERT INTO audit.event (id, tenant_id, actor, action, target, body)
        SELECT gen_random_uuid(), $1::uuid, $2::uuid, 'server.change', 'server:' || g, '{"changed":["interval","name"],"n":' || g || '}' FROM generate_series(1, $3::int) g`,
        [id, randomUUID(), PER_TRANSACTION],
      );
    }
    await db.sql("ANALYZE");
    const { head, last } = await headNow(ask, id);
    const rows: SealedRow[][] = [];
    for await (const batch of sealedRows(ask, id, last)) rows.push(batch);

    const found = findings();
    const alone = await seconds(() =>
      verifyChain(
        {
          tenantId: id,
          rows: (async function* () {
            yield* rows;
          })(),
          head,
          loose: none(),
        },
        found,
      ),
    );
    const whole = await seconds(async () => {
      const { count } = await verifyLive({ ask, tenantId: id, keys: null, now: 0 });
      if (count > 0) throw new Error("the log of the bench does not verify");
    });
    const sql = await seconds(() =>
      db.sql(
        "SELECT count(*) FROM audit.chain c JOIN audit.event e ON e.id = c.event_id AND e.at = c.event_at WHERE c.tenant_id = $1 AND audit.content_hash(e) = c.content_hash",
        [id],
      ),
    );
    if (found.count > 0) throw new Error("the rows of the bench do not verify");
    const row = (what: string, s: number): Row => ({
      what,
      "events/s": Math.round(EVENTS / s),
      "of bare SQL": round(sql / s, 2),
    });
    return [
      row("content hashes only, one SQL statement", sql),
      row("content, links and head, rows in memory", alone),
      row("tocsin audit verify on the database", whole),
    ];
  } finally {
    await db.close();
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1_000;
}
