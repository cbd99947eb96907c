import "server-only";
import { env } from "#lib/adapters/env";
import { personFromClaims, type SignedInPerson } from "#lib/commands/session/sign-in";

/** Who the identity provider speaks of, by this installation's settings. */
export function personOf(claims: Record<string, unknown>): SignedInPerson {
  const e = env();
  return personFromClaims(claims, e.OIDC_ISSUER, e.OIDC_GROUPS_CLAIM, {
    claim: e.OIDC_DIRECTORY_CLAIM,
    groupsFrom: e.TOCSIN_GROUPS_FROM,
  });
}
