// From the table to the cell: what this actor gets for this target. Nothing here is about one route.
import { type Action, may, PERMISSIONS, ruleOf } from "../../lib/domain/permissions.ts";
import type { Act, Handler, Page } from "./expected.ts";
import type { Who } from "./world.ts";

export const TARGETS = ["own", "foreign", "random"] as const;
export type Target = (typeof TARGETS)[number];

/** Cells in one word each: what was shown or done, or why it was not. A path is where the browser was sent. */
export type Cell = string;

const inPortal = (who: Who): boolean => who.acting !== null || who.layers.every((layer) => layer === "customer");
const strayed = (who: Who, router: string): boolean =>
  router === "console" ? inPortal(who) : router === "portal" && !inPortal(who);
const isAction = (asks: string): asks is Action => Object.hasOwn(PERMISSIONS, asks);

/** What the console's own `can` says: a visit writes only with leave, and some things never. */
function allowed(who: Who, asks: Action | undefined): boolean {
  if (asks === undefined) return true;
  const rule = ruleOf(asks);
  if (who.acting !== null && (rule.notAsAnother || (rule.writes && who.acting === "ro"))) return false;
  return may(who.layers, asks);
}

export function pageCell(page: Page, who: Who, target: Target): Cell {
  if (page.router === "open") return "shown";
  if (page.router === "door") return who.name === "nobody" ? (page.strangers ?? "shown") : "/";
  if (who.name === "nobody") return "/sign-in";
  if (who.acting !== null && page.visitors !== undefined) return page.visitors;
  if (page.router === "console" && strayed(who, "console")) return page.instead ?? "/portal";
  if (strayed(who, page.router) || !allowed(who, page.asks)) return "403";
  const everywhere = target === "foreign" && page.everywhere?.some((layer) => who.layers.includes(layer));
  return page.id === undefined || target === "own" || everywhere ? "shown" : "404";
}

export function handlerCell(handler: Handler, who: Who, target: Target): Cell {
  if (handler.router === "open") return (handler.answers ?? []).join(" or ");
  if (who.name === "nobody") return "401";
  if (strayed(who, handler.router) || !allowed(who, handler.asks)) return "403";
  return handler.id === undefined || target === "own" ? "done" : "404";
}

export function actCell(act: Act, who: Who, target: Target): Cell {
  if (act.router === "open") return act.own ?? "done";
  if (who.name === "nobody") return "/sign-in";
  if (strayed(who, act.router)) return "E_FORBIDDEN";
  if (act.looksFirst && target !== "own") return "E_NOT_FOUND";
  if (isAction(act.asks)) {
    const rule = ruleOf(act.asks);
    if (!may(who.layers, act.asks)) return "E_FORBIDDEN";
    if (who.acting !== null && rule.notAsAnother) return "E_IMPERSONATION_BLOCKED";
    if (who.acting === "ro" && rule.writes) return "E_READ_ONLY";
  } else if (who.acting !== null)
    // What is one's own is no part of a visit; the visit's own row of the log says that it was tried.
    return act.looksFirst ? "E_NOT_FOUND" : "403";
  const everywhere = target === "foreign" && act.everywhere?.some((layer) => who.layers.includes(layer));
  if (target === "own" || act.id === undefined || everywhere) return act.own ?? "done";
  return act.unknown ?? "E_NOT_FOUND";
}
