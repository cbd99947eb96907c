// All that a customer can reach: every page and every server action of the portal, with the permission that it asks.
// allow-list.test.ts compares it with the source and e2e/portal.spec.ts with what was built: what is not listed here
// fails, and so does what is listed and not there.
import type { Action } from "#lib/domain/permissions";
import type { OwnAct } from "#lib/domain/own-acts";

export const PORTAL_PAGES = {
  "/portal": "incident.read",
} as const satisfies Record<string, Action>;

/** By the names under which they are exported. */
export const PORTAL_ACTIONS = {
  portalChooseTenant: "session.choose_tenant",
} as const satisfies Record<string, Action | OwnAct>;

export type PortalPage = keyof typeof PORTAL_PAGES;
export type PortalAction = keyof typeof PORTAL_ACTIONS;
