import type { Metadata } from "next";
import { isReason } from "#lib/domain/runbook";
import { runbook, runbooks } from "#lib/queries/runbooks";
import { RunbookList, RunbookOne } from "../../_parts/runbook.tsx";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { removeRunbookAction, saveRunbookAction } from "./actions.ts";

export const metadata: Metadata = { title: "Runbooks" };

/** One reason's where it is named, as notices link to it; else the list. */
export default async function RunbooksPage({ searchParams }: { searchParams: SearchParams }) {
  const reason = await param(searchParams, "reason");
  const who = await allowed(
    "runbook.read",
    isReason(reason) ? `/portal/runbooks?reason=${reason}` : "/portal/runbooks",
  );
  if (!isReason(reason)) return <RunbookList rows={await read(who, (tx) => runbooks(tx))} base="/runbooks" />;
  const one = await read(who, (tx) => runbook(tx, reason));
  const acts = can(who, "runbook.change") ? { save: saveRunbookAction, remove: removeRunbookAction } : {};
  return <RunbookOne one={one} base="/runbooks" {...acts} />;
}
