import "server-only";
import { env } from "#lib/adapters/env";

/** Where people are sent to sign in, for saying so before they go. */
export function issuerHost(): string {
  return new URL(env().OIDC_ISSUER).host;
}
