// Two tenants and one person per layer, made past the console: what the matrix asks as, and what it asks for.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newWorld, plant, ROWS, type Sql, uproot, type World } from "../../lib/testing/world.ts";
import { cookieValue, newSecret, secretHash, shownBy } from "../../lib/queries/visit-key.ts";
import type { Layer } from "../../lib/domain/permissions.ts";
import type { Database } from "../fixtures.ts";

export const ACTORS = ["nobody", "root", "operator", "auditor", "customer", "looking", "changing"] as const;
/** looking, changing: an operator who visits the tenant as its customer, read-only and with leave to change things. */
export type ActorName = (typeof ACTORS)[number];

export interface Who {
  name: ActorName;
  cookie: string;
  /** What `may` is asked with: of the seat, or of whom they visit as. */
  layers: readonly Layer[];
  acting: "ro" | "rw" | null;
  /** Their own tenant's rows, and those of a tenant that is not theirs. */
  own: World;
  foreign: World;
  personId: string;
}

export const AGENT = "tocsin-matrix/1";
const PLATFORM = "00000000-0000-4000-8000-000000000001";
/** The log is written by acts alone, and reports and reviews by their duties. */
export const PLANTED = Object.keys(ROWS).filter(
  (t) =>
    !/^audit\.|^public\.(audit_review|weekly_report|audit_stream|severity_override|heartbeat_target|probe_minute|tenant_retention|probe_pace)/.test(
      t,
    ),
);

export interface Stage {
  people: Who[];
  a: World;
  b: World;
  platform: World;
  /** New rows beside the ones there, for an act that uses its object up. */
  fresh(tenant: World, withStream: boolean): Promise<World>;
  strike(): Promise<void>;
}

export async function stage(db: Database): Promise<Stage> {
  const sql: Sql = (text, params) => db.rows(text, params);
  const since = new Date();
  const mark = randomUUID().slice(0, 8);
  const tenant = async (letter: string): Promise<World> => {
    const [id, slug] = [randomUUID(), `matrix-${letter}-${mark}`];
    await sql("INSERT INTO tenant (id, slug, name, tier, created_at) VALUES ($1, $2, $2, 'enterprise', now())", [
      id,
      slug,
    ]);
    return plant(sql, newWorld(id, slug), PLANTED);
  };
  const [a, b] = [await tenant("a"), await tenant("b")];
  // Another range at each run, and downwards: what the console files meanwhile takes the highest number and one more.
  let number = 1_000_000 + Math.floor(Math.random() * 1e9);
  const platform = await plant(sql, { ...newWorld(PLATFORM, "tocsin"), number }, PLANTED);
  const made: World[] = [platform];
  // New, so that nobody is alerted that it lags behind.
  const stream = async (world: World) => {
    await plant(sql, world, ["public.audit_stream"]);
    await sql("UPDATE audit_stream SET created_at = now(), updated_at = now() WHERE id = $1", [world.stream]);
  };
  await stream(platform);
  const people: string[] = [];

  const person = async (name: string, groups: string[]): Promise<string> => {
    const id = randomUUID();
    people.push(id);
    await sql(
      "INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, now(), now())",
      [id, "https://matrix.example.com", id, name, groups],
    );
    return id;
  };
  const session = async (personId: string, tenantId: string | null): Promise<{ id: string; token: string }> => {
    const [id, token] = [randomUUID(), randomBytes(32).toString("hex")];
    await sql(
      `INSERT INTO session (id, token_hash, person_id, current_tenant_id, created_at, last_seen_at, expires_at, auth_time, groups_checked_at, user_agent)
       VALUES ($1, $2, $3, $4, now(), now(), now() + interval '1 hour', now(), now(), $5)`,
      [id, createHash("sha256").update(token).digest(), personId, tenantId, AGENT],
    );
    return { id, token };
  };
  const seated = async (name: ActorName, groups: string[], layers: Layer[], own: World): Promise<Who> => {
    const personId = await person(`Matrix ${name}`, groups);
    const { token } = await session(personId, own.tenant);
    return { name, cookie: `tocsin.session=${token}`, layers, acting: null, own, foreign: b, personId };
  };

  const customer = await seated("customer", [`tocsin-customer-${a.slug}`], ["customer"], a);
  a.target = customer.personId;
  b.target = await person("Matrix neighbour", [`tocsin-customer-${b.slug}`]);
  platform.target = await person("Matrix bystander", []);
  const colleague = await person("Matrix colleague", [`tocsin-operator-${a.slug}`]);
  // With one root operator alone, what takes two people would be done at once.
  await person("Matrix second root", ["tocsin-root"]);
  const visiting = async (name: "looking" | "changing"): Promise<Who> => {
    const mode = name === "looking" ? "ro" : "rw";
    const personId = await person(`Matrix ${name}`, [`tocsin-operator-${a.slug}`]);
    const { id: sessionId, token } = await session(personId, a.tenant);
    const [grantId, secret] = [randomUUID(), newSecret()];
    const { fp, agent } = shownBy(serverSecret(), token, AGENT, null);
    await sql(
      `INSERT INTO impersonation_grant (tenant_id, id, actor_id, actor_name, target_id, target_name, mode, reason, session_id, session_fp,
         secret_hash, agent_hash, asked_at, approved_by, approved_session, approved_at, started_at, not_after)
       VALUES ($1, $2, $3, $4, $5, 'Matrix customer', $6, 'To see what the customer sees in this test', $7, $8, $9, $10, now(), $11, $12, $13,
         now(), now() + interval '30 minutes')`,
      [
        a.tenant,
        grantId,
        personId,
        `Matrix ${name}`,
        customer.personId,
        mode,
        sessionId,
        Buffer.from(fp),
        Buffer.from(secretHash(secret)),
        Buffer.from(agent),
        ...(mode === "rw" ? [colleague, randomUUID(), new Date()] : [null, null, null]),
      ],
    );
    await sql("UPDATE session SET grant_tenant_id = $1, grant_id = $2 WHERE id = $3", [a.tenant, grantId, sessionId]);
    const cookie = `tocsin.session=${token}; tocsin.visit=${cookieValue({ tenantId: a.tenant, grantId, secret })}`;
    return { name, cookie, layers: ["customer"], acting: mode, own: a, foreign: b, personId };
  };

  return {
    a,
    b,
    platform,
    people: [
      { name: "nobody", cookie: "", layers: [], acting: null, own: a, foreign: b, personId: "" },
      await seated("root", ["tocsin-root"], ["root", "operator"], platform),
      await seated("operator", [`tocsin-operator-${a.slug}`], ["operator"], a),
      await seated("auditor", ["tocsin-auditor"], ["auditor"], a),
      customer,
      await visiting("looking"),
      await visiting("changing"),
    ],
    async fresh(of, withStream) {
      const world = await plant(sql, { ...newWorld(of.tenant, of.slug), target: of.target, number: --number }, PLANTED);
      if (withStream) await stream(world);
      if (of.tenant === PLATFORM) made.push(world);
      return world;
    },
    async strike() {
      await sql("DELETE FROM session WHERE person_id = ANY ($1)", [people]);
      await sql("DELETE FROM audit_review WHERE reviewed_by = ANY ($1)", [people]);
      await sql("DELETE FROM person WHERE id = ANY ($1)", [people]);
      await sql(
        "UPDATE server SET paused = true, removed_at = coalesce(removed_at, now()) WHERE tenant_id = ANY ($1)",
        [[a.tenant, b.tenant]],
      );
      await sql(
        "DELETE FROM audit_stream_cursor WHERE stream_id IN (SELECT id FROM audit_stream WHERE name IN ('Matrix', 'Copy of the log'))",
      );
      await sql("DELETE FROM audit_stream WHERE name IN ('Matrix', 'Copy of the log')");
      await sql("DELETE FROM approval WHERE state = 'asked' AND asked_by = ANY ($1)", [people]);
      await sql(
        "UPDATE impersonation_grant SET ended_at = now(), ended_reason = 'left' WHERE ended_at IS NULL AND actor_id = ANY ($1)",
        [people],
      );
      await sql("UPDATE scim_token SET revoked_at = now(), revoked_by = created_by WHERE name LIKE 'Matrix %'");
      await sql("UPDATE break_glass SET closed_at = now(), closed_by = created_by WHERE name LIKE 'matrix-%'");
      await sql("DELETE FROM incident WHERE tenant_id = $1 AND subject_kind = 'access' AND opened_at >= $2", [
        PLATFORM,
        since,
      ]);
      // The installation's own tenant is looked at by other tests: nothing of this one stays in it but the log.
      for (const world of made) await uproot(sql, world, PLANTED).catch(() => {});
    },
  };
}

function serverSecret(): string {
  return readFileSync(join(process.env.TOCSIN_E2E_DATA ?? "", "secrets", "tocsin-secret"), "utf8").trim();
}

/** Everything of these tenants, and what is of no tenant, as one value per table. */
/** What the running product writes by itself; the console's role may not. */
const MOVING = ["_prisma_migrations", "process", "duty_lease", "session", "person"].concat(
  "region_now",
  "queue_digest",
  "prober_run",
  "cluster",
  "selftest",
  "upstream_sighting",
);

export async function belongings(db: Database, tenants: readonly string[]): Promise<Record<string, string>> {
  const global = await db.rows<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> ALL ($1)
       AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')`,
    [MOVING],
  );
  const sum = (table: string, where: string) =>
    `SELECT '${table}' AS name, count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS is FROM ${table} t ${where}`;
  const rows = await db.rows<{ name: string; is: string }>(
    [
      ...Object.keys(ROWS)
        .filter((t) => t.startsWith("public."))
        .map((t) => sum(t, "WHERE tenant_id = ANY ($1)")),
      ...global.map((g) => sum(`public.${g.name}`, "")),
    ].join(" UNION ALL "),
    [tenants],
  );
  return Object.fromEntries(rows.map((r) => [r.name, r.is]));
}
