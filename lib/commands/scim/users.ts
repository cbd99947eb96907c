import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import type { Db } from "#lib/adapters/db";
import { type ScimCaller, type ScimStep, written } from "./caller.ts";
import { type Body, kept, operations } from "./input.ts";
import { patched, typed } from "./patch.ts";
import { reconcile, switchOff } from "./reconcile.ts";
import { type UserFields, type UserRow, userFields, userResource } from "./resource.ts";
import { ScimError } from "./schema.ts";

/** @throws ScimError */
export function createUser(db: Db, caller: ScimCaller, body: Body): Promise<UserRow> {
  const fields = userFields(typed("User", kept("User", body)));
  return written(db, caller, async (step) => {
    await assertFree(step, null, fields);
    const id = randomUUID();
    const row = await step.tx.scimUser.create({ data: { id, ...fields, createdAt: step.now, updatedAt: step.now } });
    const people = await reconcile(step, [id]);
    await note(step, "create", row, { active: row.active, people });
    return row;
  });
}

/** A directory that leaves the externalId out means the one that it gave. */
export function replaceUser(db: Db, caller: ScimCaller, id: string, body: Body): Promise<UserRow> {
  const given = kept("User", body);
  return change(db, caller, id, async (row) => userFields(typed("User", { externalId: row.externalId, ...given })));
}

export function patchUser(db: Db, caller: ScimCaller, id: string, body: Body): Promise<UserRow> {
  const wanted = operations("User", body);
  return change(db, caller, id, async (row) => userFields(await patched("User", userResource(row, ""), wanted)));
}

function change(db: Db, caller: ScimCaller, id: string, next: (row: UserRow) => Promise<UserFields>): Promise<UserRow> {
  return written(db, caller, async (step) => {
    const row = await one(step, id);
    const fields = await next(row);
    if (fields.externalId !== row.externalId)
      throw new ScimError(400, "mutability", "An externalId stays: make another user for another person.");
    const changed = (Object.keys(fields) as (keyof UserFields)[]).filter((key) => fields[key] !== row[key]);
    if (changed.length === 0) {
      // Somebody may have signed in for the first time since.
      const people = await reconcile(step, [id]);
      if (people > 0) await note(step, "change", row, { changed, active: row.active, people });
      return row;
    }
    await assertFree(step, id, fields);
    const after = await step.tx.scimUser.update({ where: { id }, data: { ...fields, updatedAt: step.now } });
    const people = await reconcile(step, [id]);
    await note(step, "change", after, { changed, active: after.active, people });
    return after;
  });
}

/** Whoever the directory forgets is switched off here. */
export function deleteUser(db: Db, caller: ScimCaller, id: string): Promise<void> {
  return written(db, caller, async (step) => {
    const row = await one(step, id);
    const person = await step.tx.person.findFirst({ where: { issuer: caller.issuer, directoryId: row.externalId } });
    await step.tx.scimUser.delete({ where: { id } });
    if (person !== null) {
      if (person.disabledAt === null) await switchOff(step, person.id);
      if (caller.groupsFrom === "scim") await step.tx.person.update({ where: { id: person.id }, data: { groups: [] } });
    }
    await note(step, "delete", row, { people: person === null ? 0 : 1 });
  });
}

async function one({ tx }: ScimStep, id: string): Promise<UserRow> {
  const row = await tx.scimUser.findUnique({ where: { id } });
  if (row === null) throw new ScimError(404, "", "There is no such user.");
  return row;
}

async function assertFree({ tx }: ScimStep, id: string | null, fields: UserFields): Promise<void> {
  const taken = await tx.$queryRaw<{ external: boolean }[]>`
    SELECT external_id = ${fields.externalId} AS external FROM scim_user
    WHERE (external_id = ${fields.externalId} OR lower(user_name) = lower(${fields.userName}))
      AND id IS DISTINCT FROM ${id}::uuid`;
  if (taken.length > 0)
    throw new ScimError(
      409,
      "uniqueness",
      `There is a user of this ${taken.some((t) => t.external) ? "externalId" : "userName"} already.`,
    );
}

async function note(
  { tx, context }: ScimStep,
  verb: "create" | "change" | "delete",
  row: UserRow,
  body: Record<string, unknown>,
): Promise<void> {
  await audit(tx, context, {
    action: `scim.user_${verb}`,
    target: `scim_user:${row.id}`,
    body,
    personal: {
      subject: `directory:${row.externalId}`.slice(0, 200),
      body: { userName: row.userName, email: row.email },
    },
  });
}
