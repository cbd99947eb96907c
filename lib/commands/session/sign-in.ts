// The identity provider has vouched for somebody: write who they are and which groups they are in. It is not a command
// of a person with rights yet, so it has no permission; its audit row stands in the installation's own tenant.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT, type Tx } from "#lib/adapters/db";
import { cleanText } from "#lib/domain/text";
import { directorySays } from "#lib/queries/scim";

export interface SignedInPerson {
  issuer: string;
  subject: string;
  name: string;
  email: string | null;
  groups: string[];
  /** What the directory calls this person. */
  directoryId?: string | null;
  /** Whose word on groups counts; "token" unless said. */
  groupsFrom?: "token" | "scim";
}

export interface DirectorySettings {
  /** The claim that is the directory's externalId. */
  claim: string;
  groupsFrom: "token" | "scim";
}

const MAX_GROUPS = 200;
const OWN_GROUPS = "tocsin:";

/** Claims are hostile: cut, cleaned, and only strings count. An unverified address of e-mail is not kept. */
export function personFromClaims(
  claims: Record<string, unknown>,
  issuer: string,
  groupsClaim: string,
  directory: DirectorySettings = { claim: "sub", groupsFrom: "token" },
): SignedInPerson {
  const text = (value: unknown, max: number) => (typeof value === "string" ? cleanText(value, max) : "");
  const given = Object.hasOwn(claims, groupsClaim) ? claims[groupsClaim] : [];
  const groups = (Array.isArray(given) ? given : []).filter(
    // Names with this head are the console's own: its emergency accounts stand in them.
    // No database keeps a NUL in a text, and one such group must not stop its person's every request.
    (g): g is string => typeof g === "string" && g.length <= 200 && !g.startsWith(OWN_GROUPS) && !g.includes("\0"),
  );
  const email = claims.email_verified === false ? "" : text(claims.email, 254);
  const subject = String(claims.sub).slice(0, 255);
  const directoryId = Object.hasOwn(claims, directory.claim) ? claims[directory.claim] : null;
  return {
    issuer,
    subject,
    name: text(claims.name, 120) || text(claims.preferred_username, 120) || email || subject,
    email: email === "" ? null : email,
    groups: [...new Set(groups)].slice(0, MAX_GROUPS),
    directoryId: typeof directoryId === "string" && directoryId !== "" ? directoryId.slice(0, 255) : null,
    groupsFrom: directory.groupsFrom,
  };
}

/**
 * @param how where from, and whether it was asked for as a new proof of who somebody is
 * @returns false when this person is disabled here
 */
export async function signIn(
  db: Db,
  given: SignedInPerson,
  now: Date,
  how: { from?: string; again?: boolean } = {},
): Promise<boolean> {
  const context = (id: string) => ({
    tenantId: PLATFORM_TENANT,
    actorId: id,
    ...(how.from ? { trace: { from: how.from } } : {}),
  });
  const found = await db.global((tx) =>
    tx.person.findUnique({ where: { issuer_subject: { issuer: given.issuer, subject: given.subject } } }),
  );
  const id = found?.id ?? randomUUID();
  return db.withTenant(context(id), async (tx) => {
    const { groups, off, directoryId } = await directorysWord(tx, given);
    const switchedOff = off && (found?.disabledAt ?? null) === null;
    const allowed = !off && (found?.disabledAt ?? null) === null;
    const row = {
      name: given.name,
      email: given.email,
      groups,
      lastSeenAt: now,
      ...(directoryId === null ? {} : { directoryId }),
      ...(switchedOff ? { disabledAt: now, disabledSource: "directory" } : {}),
    };
    await tx.person.upsert({
      where: { issuer_subject: { issuer: given.issuer, subject: given.subject } },
      create: { id, issuer: given.issuer, subject: given.subject, createdAt: now, ...row },
      update: row,
    });
    await audit(tx, context(id), {
      action: allowed ? "session.sign_in" : "session.refused",
      target: `person:${id}`,
      body: {
        groups: groups.filter((g) => g.startsWith("tocsin-")),
        first: found === null,
        ...(how.again ? { again: true } : {}),
      },
      personal: { subject: `person:${id}`, body: { name: given.name, email: given.email } },
    });
    return allowed;
  });
}

/** What the directory has said of this person, and the groups that count: also asked when groups are read again. */
export async function directorysWord(
  tx: Tx,
  given: Pick<SignedInPerson, "issuer" | "subject" | "groups" | "directoryId" | "groupsFrom">,
): Promise<{ groups: string[]; off: boolean; directoryId: string | null }> {
  const directoryId = given.directoryId ?? null;
  const says = directoryId === null ? null : await directorySays(tx, directoryId);
  // Somebody else of the same provider is known by it: then it says nothing about this one.
  const others =
    directoryId === null
      ? 0
      : await tx.person.count({ where: { issuer: given.issuer, directoryId, NOT: { subject: given.subject } } });
  if (others > 0) return { groups: given.groupsFrom === "scim" ? [] : given.groups, off: false, directoryId: null };
  return {
    groups: given.groupsFrom === "scim" ? (says?.groups ?? []) : given.groups,
    off: says?.active === false,
    directoryId,
  };
}
