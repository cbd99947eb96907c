import { randomUUID } from "node:crypto";
import { type Db, PLATFORM_TENANT } from "#lib/adapters/db";
import { places, type SecretBox } from "#lib/adapters/secrets";
import { SESSION_ABSOLUTE_MS } from "#lib/domain/session";
import { tokenHash } from "#lib/queries/session";
import { unlessAway } from "./away.ts";
import { endFoundSessions } from "./end-found.ts";

export interface NewSession {
  token: string;
  personId: string;
  userAgent: string;
  address?: string;
  authTime?: Date | null;
  /** The identity provider's own session. */
  idpSid?: string | null;
  refreshToken?: string | null;
  /** The token that this browser had until now: its session ends, and where its person looked is kept. */
  replaces?: string | null;
}

/**
 * A new session for somebody who has just signed in; also sweeps away this person's ended ones.
 * @param box seals the refresh token; without one, or while its key service is away, it is not kept
 */
export async function startSession(db: Db, given: NewSession, now: Date, box?: SecretBox): Promise<void> {
  const id = randomUUID();
  const old = given.replaces
    ? await db.global((tx) => tx.session.findUnique({ where: { tokenHash: tokenHash(given.replaces ?? "") } }))
    : null;
  // First: what crashes between leaves one who has to sign in again, never two sessions of one browser.
  if (old !== null)
    await endFoundSessions(
      db,
      [old],
      { by: given.personId, action: "session.replaced", visit: "signed_in_again", from: given.address ?? "" },
      now,
    );
  // A session belongs to no tenant, its key to the installation's own: so not in the same transaction.
  const refreshSealed =
    given.refreshToken && box
      ? await unlessAway(box.seal(db, places.sessionRefresh(PLATFORM_TENANT, id), given.refreshToken))
      : null;
  await db.global(async (tx) => {
    await tx.session.deleteMany({ where: { personId: given.personId, expiresAt: { lte: now } } });
    await tx.session.create({
      data: {
        id,
        tokenHash: tokenHash(given.token),
        personId: given.personId,
        currentTenantId: old?.personId === given.personId ? old.currentTenantId : null,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: new Date(now.getTime() + SESSION_ABSOLUTE_MS),
        userAgent: given.userAgent.slice(0, 200),
        address: given.address ?? "",
        authTime: given.authTime ?? null,
        groupsCheckedAt: now,
        idpSid: given.idpSid ?? null,
        refreshSealed,
      },
    });
  });
}
