// Runbooks as customers read and write them: who of the staff wrote a version is not told.
import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import type { Reason } from "#lib/domain/reason";
import { runbook } from "../runbooks.ts";

export async function portalRunbook(tx: Tx, reason: Reason) {
  const { label, advice, own, versions, ...row } = await runbook(tx, reason);
  const shown = versions.map((v) => ({ version: v.version, savedAt: v.savedAt, by: "", body: v.body }));
  return { ...show("portal", "runbook", row), label, advice, own, versions: shown };
}
