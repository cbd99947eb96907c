import { draft } from "#lib/domain/event";
import { severityOf } from "#lib/domain/severity";
import type { Stage } from "./passage.ts";

/** How bad is it, by its reason, by what the tenant says of that, and by whose server it is. */
export const classify: Stage = {
  name: "classify",
  async run(p) {
    if (p.mode === null) return;
    // A failing verdict without a named reason would be a fault of the checks; it must not go unsaid because of it.
    p.reason = p.verdict.reason ?? "protocol_error";
    const { severity, sentence } =
      p.subject.severity === undefined
        ? severityOf(p.reason, p.subject.weight, p.subject.severities)
        : { severity: p.subject.severity, sentence: `Said to be ${p.subject.severity} by whoever found it.` };
    p.severity = severity;
    if (p.fires) p.said.push(draft("severity_set", sentence, { severity, reason: p.reason }));
  },
};
