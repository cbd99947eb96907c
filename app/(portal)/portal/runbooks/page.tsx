import type { Metadata } from "next";
import { isReason } from "#lib/domain/runbook";
import { portalRunbook } from "#lib/queries/portal/runbooks";
import { runbooks } from "#lib/queries/runbooks";
import { RunbookList, RunbookOne } from "../../../_parts/runbook.tsx";
import { param, type SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { can } from "../../../_server/session.ts";
import { enter } from "../../_parts/enter.ts";
import { portalRemoveRunbook, portalSaveRunbook } from "./actions.ts";

export const metadata: Metadata = { title: "Runbooks" };

export default async function PortalRunbooksPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await enter("/portal/runbooks");
  const reason = await param(searchParams, "reason");
  if (!isReason(reason)) return <RunbookList rows={await read(who, (tx) => runbooks(tx))} base="/portal/runbooks" />;
  const one = await read(who, (tx) => portalRunbook(tx, reason));
  const acts = can(who, "runbook.change") ? { save: portalSaveRunbook, remove: portalRemoveRunbook } : {};
  return <RunbookOne one={one} base="/portal/runbooks" {...acts} />;
}
