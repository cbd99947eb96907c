import { now as clockNow } from "#lib/adapters/clock";
import type { Tx } from "#lib/adapters/db";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import {
  KEPT,
  longer,
  type Retention,
  retentionDiff,
  retentionInput,
  shorter,
  spellDays,
  withinTier,
} from "#lib/domain/retention";
import { retention, wouldGo } from "#lib/queries/retention";
import { keep } from "./keep.ts";

/** @throws TocsinError E_INVALID for what keeps longer or the same */
async function cutFrom(tx: Tx, wanted: Retention): Promise<Retention> {
  const { tier, now: was } = await retention(tx);
  withinTier(tier, wanted);
  const [more] = longer(was, wanted);
  if (more !== undefined)
    throw new TocsinError("E_INVALID", `This is ${spellDays(was[more])} now: keeping longer is a change of its own.`, {
      field: more,
    });
  if (shorter(was, wanted).length === 0)
    throw new TocsinError("E_STATE", "This is how long it is kept already: nothing would change.");
  return was;
}

/** Keeps less from now on. What is older goes with the next run of the duty `retain`. */
export const cutRetention = defineDual({
  command: defineCommand({
    action: "retention.cut",
    input: retentionInput,
    async run({ tx, input, actor, now }) {
      const was = await cutFrom(tx, input);
      await keep(tx, actor, input, now);
      return { result: input, audit: { target: `tenant:${actor.tenantId}`, body: { was, will: input } } };
    },
  }),
  async sentence(input, tx) {
    const was = await cutFrom(tx, input);
    const what = shorter(was, input).map((kind) => `${KEPT[kind].toLowerCase()} for ${spellDays(input[kind])}`);
    return `Keep ${what.join(" and ")}, and delete what is older`;
  },
  target: () => "retention",
  async diff(tx, input) {
    const was = await cutFrom(tx, input);
    const gone = await wouldGo(tx, input, clockNow());
    return [
      ...retentionDiff(was, input),
      { field: "Minutes that are deleted", was: "kept", will: String(gone.minutes), moves: true },
      { field: "Incidents that are deleted", was: "kept", will: String(gone.incidents), moves: true },
    ];
  },
});
