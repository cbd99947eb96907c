// A visit as the requests of a browser: its cookie, what a request shows, and the row that each leaves in the log.
import "server-only";
import { workAsyncStorage } from "next/dist/server/app-render/work-async-storage.external.js";
import { cookies, headers } from "next/headers";
import { env } from "#lib/adapters/env";
import type { Begun } from "#lib/commands/impersonation/begin-row";
import { endVisit } from "#lib/commands/impersonation/end-row";
import { recordVisitRequest } from "#lib/commands/impersonation/record";
import { TocsinError } from "#lib/domain/error";
import { secondsLeft } from "#lib/domain/grant";
import type { Viewer } from "#lib/queries/session";
import type { Over } from "#lib/queries/visit";
import { cookieValue, shownBy, type Shown } from "#lib/queries/visit-key";
import { cookieName, secureCookies } from "./cookie.ts";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";

export const visitCookie = (): string => cookieName("visit");

/** What this request shows beside its session's token. */
export async function shownNow(token: string): Promise<Shown> {
  const agent = (await headers()).get("user-agent") ?? "";
  return shownBy(env().TOCSIN_SECRET, token, agent, (await cookies()).get(visitCookie())?.value ?? null);
}

/**
 * Of an action. Lax and not strict: a link from elsewhere would come without it, and a session without its visit's
 * cookie ends the visit.
 */
export async function giveVisitCookie(visit: Begun): Promise<void> {
  (await cookies()).set(visitCookie(), cookieValue(visit), {
    httpOnly: true,
    secure: secureCookies(),
    sameSite: "lax",
    path: "/",
    maxAge: secondsLeft(visit.notAfter, visit.startedAt),
  });
}

/** Before anything is answered to a request that found its visit to be over. */
export async function writeOver({ end }: Over): Promise<void> {
  if (end !== null) await endVisit(db(), end, { by: end.by, why: end.why, from: sourceAddress(await headers()) });
}

/** As an error: for routes and for the page that says it. */
export function overError(over: Over): TocsinError {
  return over.code === "E_IMPERSONATION_BINDING"
    ? new TocsinError(
        over.code,
        "This visit belongs to another session or another browser, so it was ended. If that was not you, tell a root operator.",
      )
    : new TocsinError(
        over.code,
        "The visit is over, and what you just asked for was not done. You are yourself again.",
      );
}

/** One row per page or action of a visit, with the page's pattern as the framework knows it: no header says it. */
export async function recordVisit(who: Viewer, method: "GET" | "POST", outcome: string): Promise<void> {
  if (who.acting === null) return;
  const route = (workAsyncStorage.getStore()?.route ?? "unknown").replace(/\/\([a-z]+\)/g, "") || "/";
  await recordVisitRequest(db(), who, { method, route, outcome }, sourceAddress(await headers()));
}

/** Written before it is known whether it is there. An action's own render belongs to its row; a page fetched ahead says so. */
export async function recordPage(who: Viewer): Promise<void> {
  if (who.acting === null) return;
  const sent = await headers();
  if (sent.has("next-action")) return;
  await recordVisit(who, "GET", sent.has("next-router-prefetch") ? "fetched ahead" : "asked for");
}
