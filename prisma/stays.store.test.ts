// What a serving role cannot do even when it is made to run any SQL: turn back what is over, lengthen what runs, and
// make one session or person into another.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makePerson } from "#lib/testing/people";

let db: TestDatabase;
const [visit, approval, binding, token, account] = Array.from({ length: 5 }, () => randomUUID());
let person: string;
beforeAll(async () => {
  db = await testDatabase();
  person = await makePerson(db, { groups: ["tocsin-root"] });
  await db.sql(
    `INSERT INTO impersonation_grant (tenant_id, id, actor_id, actor_name, target_id, target_name, mode, reason, session_id,
       session_fp, secret_hash, asked_at, started_at, not_after)
     VALUES ($1, $2, gen_random_uuid(), 'A', gen_random_uuid(), 'B', 'ro', 'A reason of some twenty letters', gen_random_uuid(),
       sha256('a'), sha256('b'), now(), now(), now() + interval '30 minutes')`,
    [PLATFORM_TENANT, visit],
  );
  await db.sql(
    `INSERT INTO approval (tenant_id, id, action, target, sentence, input, reason, asked_by, asked_at, expires_at, state,
       decided_by, decided_at)
     VALUES ($1, $2, 'tenant.erase', 'tenant:x', 's', '{}', 'A reason of some twenty letters', gen_random_uuid(), now(),
       now() + interval '1 day', 'refused', gen_random_uuid(), now())`,
    [PLATFORM_TENANT, approval],
  );
  await db.sql(
    `INSERT INTO role_binding (id, pattern, layer, reason, created_at, removed_at, removed_by)
     VALUES ($1, 'g', 'root', 'r', now(), now(), gen_random_uuid())`,
    [binding],
  );
  await db.sql(
    `INSERT INTO scim_token (id, name, token_hash, created_by, created_at, expires_at, revoked_at)
     VALUES ($1, 'n', sha256('t'), gen_random_uuid(), now(), now() + interval '1 day', now())`,
    [token],
  );
  await db.sql(
    `INSERT INTO break_glass (id, name, secret_hash, created_by, created_at, closed_at)
     VALUES ($1, 'safe', 'x', gen_random_uuid(), now(), now())`,
    [account],
  );
  await db.sql(
    `INSERT INTO session (id, token_hash, person_id, created_at, last_seen_at, expires_at)
     VALUES (gen_random_uuid(), sha256('s'), $1, now(), now(), now() + interval '1 hour')`,
    [person],
  );
});
afterAll(() => db.close());

const run = (sql: string) =>
  db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: randomUUID() }, (tx) => tx.$executeRawUnsafe(sql));

test.each<[string, string]>([
  [
    "a visit's half hour begins anew",
    "impersonation_grant SET started_at = now(), not_after = now() + interval '30 minutes'",
  ],
  ["a visit gets another secret", "impersonation_grant SET secret_hash = sha256('mine')"],
  ["a visit that looks changes things", "impersonation_grant SET mode = 'rw'"],
  ["a refusal becomes an approval", "approval SET state = 'executed'"],
  ["a refusal is asked again", "approval SET state = 'asked', decided_at = NULL"],
  ["a binding that was taken away returns", "role_binding SET removed_at = NULL WHERE removed_at IS NOT NULL"],
  ["a token that was taken back returns", "scim_token SET revoked_at = NULL"],
  ["an emergency account that was closed opens", "break_glass SET closed_at = NULL"],
  ["a session becomes another person's", "session SET person_id = person_id"],
  ["a session lasts longer", "session SET expires_at = now() + interval '1 year'"],
  ["a sign-in becomes fresh", "session SET auth_time = now()"],
  ["a person becomes another of the identity provider's", "person SET subject = 'root'"],
  ["a person becomes an emergency account", "person SET issuer = 'tocsin:break-glass'"],
])("%s: refused by the database", async (_, change) => {
  await expect(run(`UPDATE ${change}`)).rejects.toThrow(/stays as it was written|permission denied|42501/);
});

test("what the commands write is let through", async () => {
  expect(await run("UPDATE impersonation_grant SET ended_at = now(), ended_by = actor_id, ended_reason = 'left'")).toBe(
    1,
  );
  expect(await run("UPDATE session SET last_seen_at = now()")).toBe(1);
  expect(await run("UPDATE scim_token SET last_used_at = now()")).toBe(1);
  await expect(run("UPDATE impersonation_grant SET ended_at = NULL, ended_reason = NULL")).rejects.toThrow(/stays as/);
});
