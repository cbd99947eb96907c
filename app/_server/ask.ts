import "server-only";
import { askFor } from "#lib/commands/approval/ask";
import type { DualName } from "#lib/commands/approval/registry";
import { db } from "./db.ts";
import type { Doing } from "./action.ts";

/** For actions that need two people: asks, and answers with the sentence to show. @throws TocsinError as askFor */
export async function askInstead({ actor }: Doing, name: DualName, input: unknown, why: string): Promise<string> {
  const asked = await askFor(db(), name, actor, input, why);
  if (asked.state === "waived") return "Done. Nobody else could decide it, so it was not asked for: the log says so.";
  return `Asked for. ${whoMay(asked.approvers)} within a day, on the page Approvals.`;
}

function whoMay(names: string[]): string {
  if (names.length === 0) return "Nobody who could approve it is there for now: a second person may";
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} or ${names.length - 3} others may approve it` : `${shown} may approve it`;
}
