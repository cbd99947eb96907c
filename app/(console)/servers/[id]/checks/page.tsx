import type { Metadata } from "next";
import { extraChecks } from "#lib/queries/extra-checks";
import { ChecksView } from "../../../../_parts/checks/checks-view.tsx";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { allowed, can } from "../../../../_server/session.ts";
import {
  addCheckAction,
  allowToolAction,
  changeCheckAction,
  disallowToolAction,
  removeCheckAction,
  tryCheckAction,
} from "./actions.ts";

export const metadata: Metadata = { title: "Checks" };

const ACTIONS = {
  add: addCheckAction,
  change: changeCheckAction,
  remove: removeCheckAction,
  tryIt: tryCheckAction,
  allow: allowToolAction,
  disallow: disallowToolAction,
};

export default async function ServerChecksPage({ params }: { params: Promise<{ id: string }> }) {
  const given = (await params).id;
  const who = await allowed("server.read", `/portal/servers/${encodeURIComponent(given)}/checks`);
  const id = idOr404(given);
  const page = await read(who, (tx, now) => extraChecks(tx, id, now));
  const may = { change: can(who, "check.change"), allowTool: can(who, "check.allow_tool") };
  return <ChecksView page={found(page)} actions={ACTIONS} may={may} />;
}
