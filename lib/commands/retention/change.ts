import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { longer, retentionInput, shorter, withinTier } from "#lib/domain/retention";
import { retention } from "#lib/queries/retention";
import { keep } from "./keep.ts";

/** Keeps longer, up to what the tier allows. Shorter deletes, and takes two people: cut.ts. */
export const changeRetention = defineCommand({
  action: "retention.change",
  input: retentionInput,
  async run({ tx, input, actor, now }) {
    const { tier, now: was } = await retention(tx);
    withinTier(tier, input);
    const [less] = shorter(was, input);
    if (less !== undefined)
      throw new TocsinError(
        "E_APPROVAL_NEEDED",
        "Keeping less deletes what is older, and takes a second person: ask for it.",
        { field: less },
      );
    if (longer(was, input).length === 0)
      throw new TocsinError("E_STATE", "This is how long it is kept already: nothing was changed.");
    await keep(tx, actor, input, now);
    return { result: input, audit: { target: `tenant:${actor.tenantId}`, body: { was, will: input } } };
  },
});
