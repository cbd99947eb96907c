// From the directory's word to our people: who is off, who is on again, and in which groups they are.
import { audit } from "#lib/adapters/audit";
import { endAccess } from "#lib/commands/person/end-access";
import type { ScimStep } from "./caller.ts";

interface Met {
  id: string;
  off: boolean;
  source: string | null;
  active: boolean;
}

/** @param userIds the directory's people that this write touched @returns how many of ours it changed */
export async function reconcile(step: ScimStep, userIds: readonly string[]): Promise<number> {
  if (userIds.length === 0) return 0;
  const { tx, caller } = step;
  const met = await tx.$queryRaw<Met[]>`
    SELECT p.id::text AS id, p.disabled_at IS NOT NULL AS off, p.disabled_source AS source, u.active
    FROM scim_user u JOIN person p ON p.issuer = ${caller.issuer} AND p.directory_id = u.external_id
    WHERE u.id = ANY (${userIds as string[]}::uuid[]) ORDER BY p.id FOR UPDATE OF p`;
  let changed = 0;
  for (const person of met) {
    if (!person.active && !person.off) {
      await switchOff(step, person.id);
      changed++;
    }
    if (person.active && person.off && person.source === "directory") {
      await tx.person.update({ where: { id: person.id }, data: { disabledAt: null, disabledSource: null } });
      await note(step, "person.enable", person.id, {});
      changed++;
    }
  }
  return changed + (await regroup(step, userIds));
}

/** Sessions and visits end within the same request. */
export async function switchOff(step: ScimStep, personId: string): Promise<void> {
  const { tx, context, now } = step;
  await tx.person.update({ where: { id: personId }, data: { disabledAt: now, disabledSource: "directory" } });
  await note(step, "person.disable", personId, { ...(await endAccess(tx, context, personId, "disabled")) });
}

async function note(step: ScimStep, action: string, personId: string, body: Record<string, unknown>): Promise<void> {
  await audit(step.tx, step.context, { action, target: `person:${personId}`, body: { by: "directory", ...body } });
}

function regroup({ tx, caller }: ScimStep, userIds: readonly string[]): Promise<number> {
  if (caller.groupsFrom !== "scim") return Promise.resolve(0);
  return tx.$executeRaw`
    UPDATE person p SET groups = said.groups FROM (
      SELECT u.external_id, coalesce(array_agg(g.display_name ORDER BY g.display_name) FILTER (WHERE g.id IS NOT NULL), '{}') AS groups
      FROM scim_user u LEFT JOIN scim_member m ON m.user_id = u.id LEFT JOIN scim_group g ON g.id = m.group_id
      WHERE u.id = ANY (${userIds as string[]}::uuid[]) GROUP BY u.external_id) said
    WHERE p.issuer = ${caller.issuer} AND p.directory_id = said.external_id AND p.groups IS DISTINCT FROM said.groups`;
}
