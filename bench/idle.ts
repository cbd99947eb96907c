// What a registered server costs in memory while nobody looks at it: the worker's resident bytes without any, and with
// 20,000 of which none is due while we look.
import { randomUUID } from "node:crypto";
import { slotOffset } from "#lib/domain/cadence";
import { type Fleet, product } from "./product.ts";
import { type Row, round } from "./parts.ts";

const SERVERS = 20_000;
const TENANTS = 80;
const INTERVAL_S = 300;
const LOOK_MS = 45_000;
const FLEET: Fleet = { tenants: TENANTS, servers: 0, intervalS: INTERVAL_S, regions: ["fra"], tier: "team" };

export async function benchIdle(): Promise<Row[]> {
  const ours = await product(FLEET);
  try {
    const rss = async () => {
      await new Promise((settled) => setTimeout(settled, LOOK_MS));
      return { mb: ours.spent().get("worker")?.rssMb ?? Number.NaN, redis: await redisMb() };
    };
    const redisMb = async () =>
      Number(/^used_memory:(\d+)/m.exec(await ours.store.redis.info("memory"))?.[1] ?? Number.NaN) / 1e6;
    const without = await rss();
    const tenants = (await ours.db.sql<{ id: string }>("SELECT id FROM tenant WHERE slug LIKE 'bench-%'")).map(
      (t) => t.id,
    );
    const ids: string[] = [];
    while (ids.length < SERVERS) {
      const id = randomUUID();
      if (dueIn(id) > LOOK_MS + 30_000) ids.push(id);
    }
    await ours.db.sql(
      `INSERT INTO server (tenant_id, id, name, url, interval_s, created_at)
       SELECT ($1::uuid[])[1 + n % $2::int], id, 'Server ' || n, 'http://127.0.0.1:9/' || id, $3, now()
       FROM unnest($4::uuid[]) WITH ORDINALITY AS s (id, n)`,
      [tenants, tenants.length, INTERVAL_S, ids],
    );
    const withAll = await rss();
    const kb = (a: number, b: number) => round(((b - a) * 1_000) / SERVERS, 2);
    return [
      { what: "worker without servers, RSS MB", value: round(without.mb, 0) },
      { what: `worker with ${SERVERS.toLocaleString("en")} servers, none due, RSS MB`, value: round(withAll.mb, 0) },
      { what: "KB in the worker for each", value: kb(without.mb, withAll.mb) },
      { what: "KB in Redis for each", value: kb(without.redis, withAll.redis) },
    ];
  } finally {
    await ours.stop();
  }
}

/** Milliseconds until the server's next place in its slot. */
function dueIn(id: string): number {
  const length = INTERVAL_S * 1_000;
  return (slotOffset(id, INTERVAL_S) - (Date.now() % length) + length) % length;
}
