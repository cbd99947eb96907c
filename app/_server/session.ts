import "server-only";
import { cookies } from "next/headers";
import { forbidden, redirect } from "next/navigation";
import { cache } from "react";
import { now } from "#lib/adapters/clock";
import type { Actor } from "#lib/commands/command";
import { type Action, may, ruleOf } from "#lib/domain/permissions";
import { type TenantSeat, type Viewer, viewerOf } from "#lib/queries/session";
import { sessionCookieName } from "./cookie.ts";
import { db } from "./db.ts";

export interface Seated extends Viewer {
  seat: TenantSeat;
}

/** Who asks, once per request; null without a session that holds. */
export const viewer = cache(async (): Promise<Viewer | null> => {
  const token = (await cookies()).get(sessionCookieName())?.value;
  return token === undefined || token.length > 500 ? null : viewerOf(db(), token, now());
});

/** For pages: sends strangers to the sign-in page, and people without any seat to the page that says so. */
export async function seated(): Promise<Seated> {
  const who = await viewer();
  if (who === null) redirect("/sign-in");
  if (who.seat === null) redirect("/no-access");
  return who as Seated;
}

/** Two routers, one service: customers, and staff who look as one of them, are served by the portal alone. */
export type Router = "console" | "portal";
export function routerOf(who: Seated): Router {
  return who.acting !== null || who.seat.layers.every((layer) => layer === "customer") ? "portal" : "console";
}

/** For the console: a customer is sent to the portal. @param instead the portal's page that shows the same */
export async function staff(instead = "/portal"): Promise<Seated> {
  const who = await seated();
  if (routerOf(who) === "portal") redirect(instead);
  return who;
}

/** For pages of the console: the viewer when they may do this here, else 403. */
export async function allowed(action: Action, instead?: string): Promise<Seated> {
  const who = await staff(instead);
  if (!can(who, action)) forbidden();
  return who;
}

/** What `execute` would let them do now: a visit that only looks writes nothing, and some things no visit does. */
export function can(who: Seated, action: Action): boolean {
  const rule = ruleOf(action);
  if (who.acting !== null && (rule.notAsAnother || (rule.writes && who.acting.mode === "ro"))) return false;
  return may(who.seat.layers, action);
}

/** @param from source address of the request, see from.ts */
export function actorOf(who: Seated, from: string): Actor {
  const { acting } = who;
  return {
    personId: who.personId,
    name: who.name,
    tenantId: who.seat.id,
    layers: who.seat.layers,
    sessionId: who.sessionId,
    from,
    authTime: who.authTime,
    ...(acting ? { acting: { grantId: acting.grantId, actAs: acting.as.personId, mode: acting.mode } } : {}),
  };
}
