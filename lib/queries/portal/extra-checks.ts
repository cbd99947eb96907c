// Extra checks as their customer sees them: what was seen by its name, and not in the words of whatever answered.
import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { extraChecks, type ShownCheck } from "../extra-checks.ts";

const RESULT: Record<string, string> = {
  up: "It is as agreed.",
  degraded: "It is not as agreed.",
  unknown: "It could not be looked at.",
};

export async function portalExtraChecks(tx: Tx, serverId: string, now: Date) {
  const page = await extraChecks(tx, serverId, now);
  if (page === null) return null;
  return {
    server: page.server,
    allowed: page.allowed.map((tool) => show("portal", "allowedTool", tool)),
    checks: page.checks.map(
      (check): ShownCheck => ({
        ...show("portal", "extraCheck", check),
        looks: check.looks.map((look) => ({ ...look, sentence: look.label ?? RESULT[look.status] ?? "" })),
        trial:
          check.trial === null
            ? null
            : {
                ...show("portal", "request", check.trial),
                progress: check.trial.progress.map((line) => ({
                  ...line,
                  detail: "",
                  ...(line.verdict && { verdict: { ...line.verdict, sentence: RESULT[line.verdict.status] ?? "" } }),
                })),
              },
      }),
    ),
  };
}
