import "server-only";
import { env } from "#lib/adapters/env";

/** Behind https the cookie is bound to this host and to TLS; plain http is for a loopback address only. */
export function secureCookies(): boolean {
  return env().TOCSIN_URL.startsWith("https://");
}

export function sessionCookieName(): string {
  return secureCookies() ? "__Host-tocsin.session" : "tocsin.session";
}
