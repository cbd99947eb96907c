import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import type { Db } from "#lib/adapters/db";
import { type ScimCaller, type ScimStep, written } from "./caller.ts";
import { type Body, invalid, kept, operations } from "./input.ts";
import { patched, typed } from "./patch.ts";
import { reconcile } from "./reconcile.ts";
import { type GroupFields, type GroupRow, groupFields, groupResource } from "./resource.ts";
import { ScimError } from "./schema.ts";

const NAMED = 100;

/** @throws ScimError */
export function createGroup(db: Db, caller: ScimCaller, body: Body): Promise<GroupRow> {
  const fields = groupFields(typed("Group", kept("Group", body)));
  return written(db, caller, async (step) => {
    await assertFree(step, null, fields.displayName);
    const id = randomUUID();
    const { displayName, externalId } = fields;
    const row = await step.tx.scimGroup.create({
      data: { id, displayName, externalId, createdAt: step.now, updatedAt: step.now },
    });
    await put(step, id, fields.members);
    const people = await reconcile(step, fields.members);
    await note(step, "create", row, { added: fields.members.length, members: fields.members.slice(0, NAMED), people });
    return { ...row, members: fields.members };
  });
}

export function replaceGroup(db: Db, caller: ScimCaller, id: string, body: Body): Promise<GroupRow> {
  const fields = groupFields(typed("Group", kept("Group", body)));
  return change(db, caller, id, async () => fields);
}

export function patchGroup(db: Db, caller: ScimCaller, id: string, body: Body): Promise<GroupRow> {
  const wanted = operations("Group", body);
  return change(db, caller, id, async (row) => groupFields(await patched("Group", groupResource(row, ""), wanted)));
}

function change(
  db: Db,
  caller: ScimCaller,
  id: string,
  next: (row: GroupRow) => Promise<GroupFields>,
): Promise<GroupRow> {
  return written(db, caller, async (step) => {
    const row = await one(step, id);
    const fields = await next(row);
    const [had, has] = [new Set(row.members), new Set(fields.members)];
    const added = fields.members.filter((m) => !had.has(m));
    const removed = row.members.filter((m) => !has.has(m));
    const renamed = fields.displayName !== row.displayName;
    if (added.length + removed.length === 0 && !renamed && fields.externalId === row.externalId) return row;
    if (renamed) await assertFree(step, id, fields.displayName);
    const { displayName, externalId } = fields;
    const after = await step.tx.scimGroup.update({
      where: { id },
      data: { displayName, externalId, updatedAt: step.now },
    });
    await put(step, id, added);
    if (removed.length > 0) await step.tx.scimMember.deleteMany({ where: { groupId: id, userId: { in: removed } } });
    // A new name is another group to every binding, so it counts for all who stay in it too.
    const people = await reconcile(
      step,
      renamed ? [...new Set([...row.members, ...fields.members])] : [...added, ...removed],
    );
    await note(step, "change", after, {
      ...(renamed ? { was: row.displayName } : {}),
      added: added.length,
      removed: removed.length,
      members: [...added.map((m) => `+${m}`), ...removed.map((m) => `-${m}`)].slice(0, NAMED),
      people,
    });
    return { ...after, members: fields.members };
  });
}

export function deleteGroup(db: Db, caller: ScimCaller, id: string): Promise<void> {
  return written(db, caller, async (step) => {
    const row = await one(step, id);
    await step.tx.scimGroup.delete({ where: { id } });
    const people = await reconcile(step, row.members);
    await note(step, "delete", row, { removed: row.members.length, people });
  });
}

async function one({ tx }: ScimStep, id: string): Promise<GroupRow> {
  const row = await tx.scimGroup.findUnique({ where: { id }, include: { members: { select: { userId: true } } } });
  if (row === null) throw new ScimError(404, "", "There is no such group.");
  return { ...row, members: row.members.map((m) => m.userId) };
}

async function put({ tx }: ScimStep, groupId: string, members: readonly string[]): Promise<void> {
  if (members.length === 0) return;
  const put = await tx.$executeRaw`INSERT INTO scim_member (group_id, user_id)
    SELECT ${groupId}::uuid, u.id FROM scim_user u WHERE u.id = ANY (${members as string[]}::uuid[]) ON CONFLICT DO NOTHING`;
  if (put < members.length) throw invalid("A member is not among the users that were sent here.");
}

async function assertFree({ tx }: ScimStep, id: string | null, displayName: string): Promise<void> {
  const taken = await tx.scimGroup.findUnique({ where: { displayName }, select: { id: true } });
  if (taken !== null && taken.id !== id)
    throw new ScimError(409, "uniqueness", "There is a group of this displayName already.");
}

async function note(
  { tx, context }: ScimStep,
  verb: "create" | "change" | "delete",
  row: { id: string; displayName: string },
  body: Record<string, unknown>,
): Promise<void> {
  await audit(tx, context, {
    action: `scim.group_${verb}`,
    target: `scim_group:${row.id}`,
    body: { name: row.displayName, ...body },
  });
}
