import type { Metadata } from "next";
import { portalExtraChecks } from "#lib/queries/portal/extra-checks";
import { ChecksView } from "../../../../../_parts/checks/checks-view.tsx";
import { found, idOr404, read } from "../../../../../_server/read.ts";
import { can } from "../../../../../_server/session.ts";
import { enter } from "../../../../_parts/enter.ts";
import {
  portalAddCheck,
  portalAllowTool,
  portalChangeCheck,
  portalDisallowTool,
  portalRemoveCheck,
  portalTryCheck,
} from "./actions.ts";

export const metadata: Metadata = { title: "Checks" };

const ACTIONS = {
  add: portalAddCheck,
  change: portalChangeCheck,
  remove: portalRemoveCheck,
  tryIt: portalTryCheck,
  allow: portalAllowTool,
  disallow: portalDisallowTool,
};

export default async function PortalServerChecksPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await enter("/portal/servers/[id]/checks");
  const id = idOr404((await params).id);
  const page = await read(who, (tx, now) => portalExtraChecks(tx, id, now));
  const may = { change: can(who, "check.change"), allowTool: can(who, "check.allow_tool") };
  return <ChecksView page={found(page)} actions={ACTIONS} may={may} base="/portal" />;
}
