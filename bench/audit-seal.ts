// Sealing under load: sixteen writers on one tenant, each transaction with ten milliseconds of other work after its event.
// Beside it the scheme that suggests itself, a chain made in the insert's own trigger under a lock of the tenant, which is
// held until commit; and the same insert without any chain, as the ceiling. All on one database, in one run.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { type Row, round } from "./parts.ts";

const WRITERS = 16;
const WORK_MS = 10;
const RUN_MS = 8_000;
const EVENTS = 100_000;

/** The rival keeps the same columns and hashes; only where the link is made differs. */
const RIVALS = `
CREATE SCHEMA rival;
CREATE TABLE rival.locked (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), actor uuid NOT NULL,
  action text NOT NULL, target text NOT NULL, body text NOT NULL, content_hash bytea, seq bigint, prev bytea, hash bytea,
  UNIQUE (tenant_id, seq), UNIQUE (tenant_id, prev));
CREATE FUNCTION rival.link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE h record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.tenant_id::text, 0));
  SELECT seq, hash INTO h FROM rival.locked WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1;
  NEW.content_hash := sha256('\\x00'::bytea || audit.frame(NEW.id::text, NEW.tenant_id::text, NEW.at::text, NEW.actor::text, NEW.action, NEW.target, NEW.body));
  NEW.seq := coalesce(h.seq, 0) + 1;
  NEW.prev := coalesce(h.hash, sha256(convert_to('genesis:' || NEW.tenant_id, 'UTF8')));
  NEW.hash := sha256('\\x01'::bytea || NEW.prev || int8send(NEW.seq) || NEW.content_hash);
  RETURN NEW;
END $$;
CREATE TRIGGER link BEFORE INSERT ON rival.locked FOR EACH ROW EXECUTE FUNCTION rival.link();
CREATE TABLE rival.bare (LIKE rival.locked INCLUDING DEFAULTS INCLUDING INDEXES);
GRANT USAGE ON SCHEMA rival, audit TO tocsin_app;
GRANT INSERT, SELECT ON ALL TABLES IN SCHEMA rival TO tocsin_app;
GRANT EXECUTE ON FUNCTION audit.frame TO tocsin_app;`;

export async function benchSeal(): Promise<Row[]> {
  const db = await testDatabase();
  const writers: pg.Client[] = [];
  try {
    await db.sql(RIVALS);
    const { id: tenantId } = await makeTenant(db);
    for (let i = 0; i < WRITERS; i++) {
      const client = new pg.Client({ connectionString: db.appUrl });
      await client.connect();
      writers.push(client);
    }
    const into = (table: string) =>
      `INSERT INTO ${table} (id, tenant_id, actor, action, target, body) VALUES (gen_random_uuid(), '${tenantId}', '${randomUUID()}', 'server.change', 'server:1', '{"changed":["interval","name"]}')`;
    const begin = `BEGIN; SELECT set_config('app.tenant', '${tenantId}', true)`;
    const busy = (table: string) => `${begin}; ${into(table)}; SELECT pg_sleep(${WORK_MS / 1_000}); COMMIT`;
    const perSecond = async (sql: string) => {
      await write(writers, sql, { ms: 1_000 });
      const since = performance.now();
      return (await write(writers, sql, { ms: RUN_MS })) / ((performance.now() - since) / 1_000);
    };
    const sealed = await perSecond(busy("audit.event"));
    const locked = await perSecond(busy("rival.locked"));
    const bare = await perSecond(busy("rival.bare"));
    const have = await links(db, tenantId);
    await write(writers, `${begin}; ${into("audit.event")}; COMMIT`, { count: Math.max(0, EVENTS - have.events) });
    const { events, forks, broken } = await links(db, tenantId);
    const row = (what: string, rate: number): Row => ({
      what,
      "events/s": Math.round(rate),
      "of the lock in the trigger": round(rate / locked, 1),
      forks: "",
    });
    return [
      row("no chain at all", bare),
      row("lock in the insert's trigger, held until commit", locked),
      row("sealed at commit (ours)", sealed),
      {
        what: `ours, links looked at: ${events}`,
        "events/s": "",
        "of the lock in the trigger": "",
        forks: forks + broken,
      },
    ];
  } finally {
    await Promise.all(writers.map((w) => w.end()));
    await db.close();
  }
}

/** All writers at once, each the next when its last is committed; an error ends the bench. @returns how many */
async function write(
  writers: readonly pg.Client[],
  sql: string,
  until: { ms?: number; count?: number },
): Promise<number> {
  const end = performance.now() + (until.ms ?? Number.POSITIVE_INFINITY);
  let begun = 0;
  await Promise.all(
    writers.map(async (client) => {
      while (performance.now() < end && begun < (until.count ?? Number.POSITIVE_INFINITY)) {
        begun += 1;
        await client.query(sql);
      }
    }),
  );
  return begun;
}

/** forks: links that share their parent; broken: links that do not follow from the one before. */
async function links(db: TestDatabase, tenantId: string): Promise<{ events: number; forks: number; broken: number }> {
  const [row] = await db.sql<{ events: string; forks: string; broken: string }>(
    `SELECT count(*) AS events, count(*) - count(DISTINCT prev) AS forks,
       count(*) FILTER (WHERE seq > 1 AND (prev <> before OR seq <> seq_before + 1)) AS broken
     FROM (SELECT seq, prev, lag(hash) OVER w AS before, lag(seq) OVER w AS seq_before FROM audit.chain WHERE tenant_id = $1 WINDOW w AS (ORDER BY seq)) c`,
    [tenantId],
  );
  return { events: Number(row?.events), forks: Number(row?.forks), broken: Number(row?.broken) };
}
