import "server-only";
import { env } from "#lib/adapters/env";

/** Behind https the cookie is bound to this host and to TLS; plain http is for a loopback address only. */
export function secureCookies(): boolean {
  return env().TOCSIN_URL.startsWith("https://");
}

export function cookieName(name: string): string {
  return `${secureCookies() ? "__Host-" : ""}tocsin.${name}`;
}

export function sessionCookieName(): string {
  return cookieName("session");
}

/** As one Set-Cookie header; without a value it takes the cookie away. */
export function setCookie(name: string, value: string, maxAgeS: number): string {
  return `${cookieName(name)}=${value}; Path=/; Max-Age=${value === "" ? 0 : maxAgeS}; HttpOnly; SameSite=Lax${secureCookies() ? "; Secure" : ""}`;
}
