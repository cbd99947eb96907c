// The identity provider has vouched for somebody: write who they are and which groups they are in. It is not a command
// of a person with rights yet, so it has no permission; its audit row stands in the installation's own tenant.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT } from "#lib/adapters/db";
import { cleanText } from "#lib/domain/text";

export interface SignedInPerson {
  issuer: string;
  subject: string;
  name: string;
  email: string | null;
  groups: string[];
}

const MAX_GROUPS = 200;

/** Claims are hostile: cut, cleaned, and only strings count. An unverified address of e-mail is not kept. */
export function personFromClaims(claims: Record<string, unknown>, issuer: string, groupsClaim: string): SignedInPerson {
  const text = (value: unknown, max: number) => (typeof value === "string" ? cleanText(value, max) : "");
  const given = Object.hasOwn(claims, groupsClaim) ? claims[groupsClaim] : [];
  const groups = (Array.isArray(given) ? given : []).filter(
    (g): g is string => typeof g === "string" && g.length <= 200,
  );
  const email = claims.email_verified === false ? "" : text(claims.email, 254);
  const subject = String(claims.sub).slice(0, 255);
  return {
    issuer,
    subject,
    name: text(claims.name, 120) || text(claims.preferred_username, 120) || email || subject,
    email: email === "" ? null : email,
    groups: [...new Set(groups)].slice(0, MAX_GROUPS),
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
  const found = await db.global((tx) =>
    tx.person.findUnique({ where: { issuer_subject: { issuer: given.issuer, subject: given.subject } } }),
  );
  const id = found?.id ?? randomUUID();
  const allowed = (found?.disabledAt ?? null) === null;
  const context = { tenantId: PLATFORM_TENANT, actorId: id, ...(how.from ? { trace: { from: how.from } } : {}) };
  await db.withTenant(context, async (tx) => {
    const row = { name: given.name, email: given.email, groups: given.groups, lastSeenAt: now };
    await tx.person.upsert({
      where: { issuer_subject: { issuer: given.issuer, subject: given.subject } },
      create: { id, issuer: given.issuer, subject: given.subject, createdAt: now, ...row },
      update: row,
    });
    await audit(tx, context, {
      action: allowed ? "session.sign_in" : "session.refused",
      target: `person:${id}`,
      body: {
        groups: given.groups.filter((g) => g.startsWith("tocsin-")),
        first: found === null,
        ...(how.again ? { again: true } : {}),
      },
      personal: { subject: `person:${id}`, body: { name: given.name, email: given.email } },
    });
  });
  return allowed;
}
