import { forbidden } from "next/navigation";
import { can, routerOf, type Seated, seated } from "../../_server/session.ts";
import { PORTAL_PAGES, type PortalPage } from "../allow-list.ts";

/** For every page of the portal: the viewer when the allow-list lets them see it, else 403; staff not at all. */
export async function enter(page: PortalPage): Promise<Seated> {
  const who = await seated();
  if (routerOf(who) !== "portal" || !can(who, PORTAL_PAGES[page])) forbidden();
  return who;
}
