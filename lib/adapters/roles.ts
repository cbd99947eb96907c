// Roles that log in and own nothing. Apart from prisma/migrate.ts, because the console is bundled and that file
// looks for its migrations beside itself.
import { createHmac } from "node:crypto";

export const LOGIN_ROLES = ["tocsin_app", "tocsin_worker", "tocsin_sweeper"] as const;
export type LoginRole = (typeof LOGIN_ROLES)[number];

/** Password of a role, derived so that it need not be stored: HMAC-SHA-256(secret, "role:<name>"), hex. */
export function rolePassword(secret: string, role: LoginRole): string {
  return createHmac("sha256", secret).update(`role:${role}`).digest("hex");
}

/** The same database as seen by a role that owns nothing. */
export function roleUrl(ownerUrl: string, secret: string, role: LoginRole): string {
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = rolePassword(secret, role);
  return url.href;
}
