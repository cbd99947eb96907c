// The alert that any script can send: docs/inbound.md describes it.
import { createHash } from "node:crypto";
import { z } from "zod";
import { TocsinError } from "./error.ts";
import { fitLabels, fitLink, fitStart, severityIn, type Taken, timeIn } from "./inbound.ts";
import { cleanText } from "./text.ts";

const schema = z.strictObject({
  /** What the sender calls it: the same id is the same alert. */
  id: z.string({ error: "id is missing: give the alert a name of its own." }).min(1).max(200),
  status: z.enum(["firing", "resolved"], { error: 'status is "firing" or "resolved".' }),
  severity: z.string().max(40).optional(),
  title: z.string({ error: "title is missing: say in a few words what is wrong." }).min(1).max(2_000),
  body: z.string().max(20_000).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  link: z.string().max(2_048).optional(),
  startsAt: z.string().max(40).optional(),
});

/** @throws TocsinError E_INVALID or E_UNKNOWN_FIELD, with the field */
export function genericPosted(body: unknown, now: Date): Taken {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = cleanText(issue?.path.join(".") ?? "", 60);
    const unknown = issue?.code === "unrecognized_keys";
    throw new TocsinError(
      unknown ? "E_UNKNOWN_FIELD" : "E_INVALID",
      unknown ? "There is a field here that no alert has." : cleanText(issue?.message ?? "This is no alert.", 200),
      field === "" ? {} : { field },
    );
  }
  const { id, status, severity, title, body: more, labels: given = {}, link, startsAt } = parsed.data;
  const labels = fitLabels(given);
  if (typeof labels === "string") throw new TocsinError("E_INVALID", labels, { field: "labels" });
  if (severity !== undefined && severityIn(severity) === null)
    throw new TocsinError("E_INVALID", "severity is P1, P2, P3 or P4, or a word such as critical or warning.", {
      field: "severity",
    });
  if (startsAt !== undefined && timeIn(startsAt) === null)
    throw new TocsinError("E_INVALID", "startsAt is a time such as 2026-11-21T10:00:00Z.", { field: "startsAt" });
  const name = cleanText(title, 120);
  if (name === "") throw new TocsinError("E_INVALID", "title holds nothing that can be read.", { field: "title" });
  const alert = {
    fingerprint: createHash("sha256").update(`id:${id}`).digest("hex").slice(0, 32),
    status,
    severity: severityIn(severity) ?? severityIn(labels["severity"]),
    title: name,
    body: cleanText(more ?? "", 500),
    labels,
    link: fitLink(link),
    startsAt: fitStart(timeIn(startsAt), now),
    endsAt: status === "resolved" ? now : null,
  };
  return { alerts: [alert], refused: [] };
}
