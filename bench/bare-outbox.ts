// The least that an outbox in PostgreSQL can be, to compare with: rows, a batch claimed with SKIP LOCKED, one POST each,
// a batch settled. No tenants, no row security, no tries, no timeline, no signature, no order.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { Agent, request } from "undici";
import { listen } from "#lib/adapters/listen";

const BATCH = 64;

export interface BareOutbox {
  /** Inserts so many rows at once; @returns seconds until each has been sent and settled */
  backlog(count: number): Promise<number>;
  /** One row, committed. @returns its id */
  add(): Promise<string>;
  stop(): Promise<void>;
}

export async function bareOutbox(ownerUrl: string, to: string, body: string): Promise<BareOutbox> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 8 });
  await pool.query(
    "CREATE TABLE bare_outbox (id uuid PRIMARY KEY, body text NOT NULL, state text NOT NULL DEFAULT 'pending', seq bigint GENERATED ALWAYS AS IDENTITY)",
  );
  await pool.query("CREATE INDEX ON bare_outbox (seq) WHERE state = 'pending'");
  const agent = new Agent({ connections: BATCH, pipelining: 1 });
  let settled = 0;
  let wake = () => {};
  let woken = false;
  let stopped = false;
  const listener = listen(ownerUrl, ["tocsin_outbox"], () => {
    woken = true;
    wake();
  });
  const pass = async (): Promise<number> => {
    const { rows } = await pool.query<{ id: string; body: string }>({
      name: "claim",
      text: `UPDATE bare_outbox SET state = 'leased' WHERE id IN (SELECT id FROM bare_outbox WHERE state = 'pending'
        ORDER BY seq LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING id, body`,
    });
    if (rows.length === 0) return 0;
    await Promise.all(
      rows.map(async (row) => {
        const headers = { "content-type": "application/json", "webhook-id": row.id };
        const answer = await request(to, { method: "POST", body: row.body, headers, dispatcher: agent });
        await answer.body.dump();
      }),
    );
    await pool.query({
      ...{ name: "settle", text: "UPDATE bare_outbox SET state = 'sent' WHERE id = ANY ($1::uuid[])" },
      values: [rows.map((r) => r.id)],
    });
    settled += rows.length;
    return rows.length;
  };
  const running = (async () => {
    while (!stopped) {
      woken = false;
      if ((await pass()) > 0) continue;
      await new Promise<void>((resolve) => {
        if (woken || stopped) return resolve();
        wake = resolve;
      });
    }
  })();
  return {
    async backlog(count) {
      const before = settled;
      await pool.query("INSERT INTO bare_outbox (id, body) SELECT gen_random_uuid(), $1 FROM generate_series(1, $2)", [
        body,
        count,
      ]);
      const t0 = performance.now();
      wake();
      while (settled < before + count) await new Promise((again) => setTimeout(again, 2));
      return (performance.now() - t0) / 1000;
    },
    async add() {
      const id = randomUUID();
      const insert =
        "WITH added AS (INSERT INTO bare_outbox (id, body) VALUES ($1, $2)) SELECT pg_notify('tocsin_outbox', '')";
      await pool.query({ name: "add", text: insert, values: [id, body] });
      return id;
    },
    async stop() {
      stopped = true;
      wake();
      await running;
      await listener.close();
      await agent.close();
      await pool.end();
    },
  };
}
