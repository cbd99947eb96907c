// The key above 10,000 tenants' data keys is replaced on a real database, while two readers with nothing cached go on
// opening secrets. Data keys are planted by SQL, each wrapped for its own tenant, so that wrapping is what is measured.
import { randomBytes, randomUUID } from "node:crypto";
import { places, secretBox } from "#lib/adapters/secrets";
import { heldKeyStore } from "#lib/adapters/secrets/file-store";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { rewrapAll } from "../worker/secrets/rewrap.ts";
import { percentile, type Row, round } from "./parts.ts";

const TENANTS = 10_000;
const READ = 200;

export async function benchRewrap(): Promise<Row[]> {
  const db = await testDatabase();
  try {
    return await measure(db);
  } finally {
    await db.close();
  }
}

async function measure(db: TestDatabase): Promise<Row[]> {
  const [before, after] = [randomBytes(32), randomBytes(32)];
  const tenants = Array.from({ length: TENANTS }, () => ({ tenantId: randomUUID(), keyId: randomUUID() }));
  await plant(db, before, tenants);
  const old = secretBox(before);
  const sealed = await Promise.all(
    tenants.slice(0, READ).map(async ({ tenantId }) => {
      const place = places.sink(tenantId, randomUUID());
      return { place, value: await old.seal(db.workerDb, place, "secret") };
    }),
  );
  const store = heldKeyStore(after, before);
  let stop = false;
  let failed = 0;
  const took: number[] = [];
  const reader = async () => {
    while (!stop)
      for (const { place, value } of sealed) {
        if (stop) break;
        const at = performance.now();
        const opened = await secretBox(heldKeyStore(after, before))
          .open(db.appDb, place, value)
          .catch(() => null);
        if (opened !== "secret") failed++;
        took.push(performance.now() - at);
      }
  };
  const readers = [reader(), reader()];
  const at = performance.now();
  const { keys } = await rewrapAll(db.workerDb, store, await store.current(), () => true);
  const seconds = (performance.now() - at) / 1_000;
  stop = true;
  await Promise.all(readers);
  const [left] = await db.sql<{ n: number }>("SELECT count(*)::int AS n FROM data_key WHERE kek_id <> $1", [
    await store.current(),
  ]);
  return [
    { what: "data keys wrapped anew", count: keys, seconds: round(seconds), "a second": round(keys / seconds, 0) },
    { what: "left under the old key", count: left?.n ?? -1 },
    {
      what: "reads meanwhile, nothing cached",
      count: took.length,
      failed,
      "p50 ms": round(percentile(took, 50)),
      "p99 ms": round(percentile(took, 99)),
    },
  ];
}

async function plant(db: TestDatabase, key: Buffer, tenants: { tenantId: string; keyId: string }[]): Promise<void> {
  const store = heldKeyStore(key);
  const wrapped = await Promise.all(
    tenants.map(async ({ tenantId, keyId }) => ({
      tenantId,
      keyId,
      ...(await store.wrap(randomBytes(32), { tenantId, keyId })),
    })),
  );
  await db.sql(
    "INSERT INTO tenant (id, slug, name, tier, created_at) SELECT t::uuid, 'b-' || substr(t, 1, 13), 'bench', 'team', now() FROM unnest($1::text[]) AS t",
    [tenants.map((t) => t.tenantId)],
  );
  await db.sql(
    `INSERT INTO data_key (tenant_id, id, kek_id, wrapped, created_at)
     SELECT t::uuid, k::uuid, $3, decode(w, 'hex'), now() FROM unnest($1::text[], $2::text[], $4::text[]) AS u(t, k, w)`,
    [
      wrapped.map((w) => w.tenantId),
      wrapped.map((w) => w.keyId),
      wrapped[0]?.kekId,
      wrapped.map((w) => w.blob.toString("hex")),
    ],
  );
}
