// What the directory has written, and by which token. People of ours are met by (issuer, directory id) only.
import { createHash } from "node:crypto";
import type { Db, Tx } from "#lib/adapters/db";

export const scimTokenHash = (token: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createHash("sha256").update(`scim:${token}`).digest());

/** @returns null for a token that is unknown, over or taken back; the look-up is by hash, so nothing compares secrets */
export async function scimTokenOf(db: Db, bearer: string, now: Date): Promise<{ id: string } | null> {
  if (bearer.length < 20 || bearer.length > 200) return null;
  return db.global((tx) =>
    tx.scimToken.findFirst({
      where: { tokenHash: scimTokenHash(bearer), revokedAt: null, expiresAt: { gt: now } },
      select: { id: true },
    }),
  );
}

export interface DirectorySays {
  active: boolean;
  groups: string[];
}

/** null when the directory does not know this person. */
export async function directorySays(tx: Tx, directoryId: string): Promise<DirectorySays | null> {
  const user = await tx.scimUser.findUnique({
    where: { externalId: directoryId },
    select: { active: true, groups: { select: { group: { select: { displayName: true } } }, take: 200 } },
  });
  return user === null ? null : { active: user.active, groups: user.groups.map((m) => m.group.displayName).sort() };
}
