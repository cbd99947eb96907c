import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import { dayOf, dayStart } from "#lib/domain/utc-day";
import { otherReviewerThan, ownAmong, reviewOf } from "#lib/queries/audit-review";

/**
 * Says that somebody has looked at a day of this tenant's log, and what they make of it. Nobody reviews their own
 * unusual acts while somebody else could. One review per day: the second comes too late.
 */
export const reviewDay = defineCommand({
  action: "audit.review",
  input: z.strictObject({
    day: z.string().refine((day) => dayStart(day) !== null, "Say which day, for example 2026-11-20."),
    note: z
      .string()
      .default("")
      .transform((raw) => cleanText(raw, 500)),
  }),
  async run({ tx, input: { day, note }, actor, now }) {
    if (day >= dayOf(now.getTime()))
      throw new TocsinError("E_STATE", "This day is not over yet: review it tomorrow.", { field: "day" });
    const { findings, events, cut } = await reviewOf(tx, actor.tenantId, day);
    const own = ownAmong(findings, actor.personId).length;
    if (own > 0 && (await otherReviewerThan(tx, actor.tenantId, actor.personId)))
      throw new TocsinError(
        "E_SELF_APPROVAL",
        "Some of the unusual rows are your own: ask somebody else to review this day.",
      );
    if (findings.length > 0 && note === "")
      throw new TocsinError("E_INVALID", "Say what you make of the unusual rows: one sentence will do.", {
        field: "note",
      });
    const saved =
      await tx.$executeRaw`INSERT INTO audit_review (tenant_id, day, reviewed_by, reviewed_at, note, events, unusual, own_acts)
      VALUES (${actor.tenantId}::uuid, ${day}, ${actor.personId}::uuid, ${now}, ${note}, ${events}::int, ${findings.length}::int, ${own}::int)
      ON CONFLICT DO NOTHING`;
    if (saved === 0) throw new TocsinError("E_STATE", "Somebody has reviewed this day already.");
    return {
      result: undefined,
      audit: {
        target: `tenant:${actor.tenantId}`,
        body: { day, events, unusual: findings.length, own, ...(cut ? { cut } : {}) },
        ...(note === "" ? {} : { personal: { subject: `person:${actor.personId}`, body: { note } } }),
      },
    };
  },
});
