import "server-only";
import { cookies } from "next/headers";
import { forbidden, redirect, unauthorized } from "next/navigation";
import { cache } from "react";
import { now } from "#lib/adapters/clock";
import type { Actor } from "#lib/commands/command";
import { type Action, may, ruleOf } from "#lib/domain/permissions";
import { TocsinError } from "#lib/domain/error";
import { type Standing, standingOf, type TenantSeat, type Viewer } from "#lib/queries/session";
import type { Shown } from "#lib/queries/visit-key";
import { sessionCookieName } from "./cookie.ts";
import { db } from "./db.ts";
import { freshness } from "./fresh.ts";
import { problem } from "./problem.ts";
import { overError, recordPage, shownNow, writeOver } from "./visit.ts";

export interface Seated extends Viewer {
  seat: TenantSeat;
  /** What a visit that begins now is bound to. */
  shown: Shown;
  /** The identity provider did not answer for so long that nothing may be changed. */
  readsOnly: boolean;
}

/** What the cookies of this request amount to, once per request. A visit that they find to be over ends here. */
export const standing = cache(async (): Promise<Standing & { shown: Shown | null; readsOnly: boolean }> => {
  const token = (await cookies()).get(sessionCookieName())?.value;
  const nobody = { viewer: null, over: null, shown: null, readsOnly: false };
  if (token === undefined || token.length > 500) return nobody;
  const fresh = await freshness(token);
  if (fresh === "over") return nobody;
  const readsOnly = fresh === "reads";
  const shown = await shownNow(token);
  const found = await standingOf(db(), token, now(), shown);
  if (found.over !== null) await writeOver(found.over);
  return { ...found, shown, readsOnly };
});

/** Who asks; null without a session that holds, and for a visit that is over. */
export async function viewer(): Promise<Viewer | null> {
  return (await standing()).viewer;
}

/** For routes: who asks, or the answer that nobody does and why. */
export async function viewerOrProblem(): Promise<Seated | Response> {
  const { viewer: who, over, shown, readsOnly } = await standing();
  if (over !== null) return problem(overError(over));
  if (who === null || who.seat === null || shown === null)
    return problem(new TocsinError("E_SIGNED_OUT", "Sign in again."));
  return { ...who, seat: who.seat, shown, readsOnly };
}

const recorded = cache(recordPage);

/** For pages: sends strangers to the sign-in page, and people without any seat to the page that says so. */
export async function seated(): Promise<Seated> {
  const { viewer: who, over, shown, readsOnly } = await standing();
  if (over !== null) unauthorized();
  if (who === null || shown === null) redirect("/sign-in");
  if (who.seat === null) redirect("/no-access");
  await recorded(who);
  return { ...who, seat: who.seat, shown, readsOnly };
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
    bound: who.shown,
    ...(who.readsOnly ? { readsOnly: true } : {}),
    ...(acting ? { acting: { grantId: acting.grantId, actAs: acting.as.personId, mode: acting.mode } } : {}),
  };
}
