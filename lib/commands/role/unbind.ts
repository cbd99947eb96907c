import { z } from "zod";
import { PLATFORM_TENANT, type Tx } from "#lib/adapters/db";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { type Binding, bindingWords, sameBinding } from "#lib/domain/bindings";
import { isReservedGroup } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";
import { bindings } from "#lib/queries/session";
import { affected } from "./affected.ts";
import { keepingARoot } from "./keep-a-root.ts";

export const unbindInput = z.strictObject({ bindingId: z.uuid() });
export type UnbindInput = z.infer<typeof unbindInput>;

/** A group no longer stands for a layer. Its people lose it at their next request. */
export const unbindRole = defineCommand({
  action: "role.change",
  auditAs: "role.unbind",
  input: unbindInput,
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input, actor, now }) {
    const { pattern, layer, tenantSlug } = await one(tx, input);
    const { count } = await keepingARoot(tx, () =>
      tx.roleBinding.updateMany({
        where: { id: input.bindingId, removedAt: null },
        data: { removedAt: now, removedBy: actor.personId },
      }),
    );
    if (count === 0) throw new TocsinError("E_STATE", "This binding was taken away already.");
    return { result: null, audit: { target: `binding:${input.bindingId}`, body: { pattern, layer, tenantSlug } } };
  },
});

/** Two people: one asks, another approves what they read here. */
export const unbindDual = defineDual({
  command: unbindRole,
  async sentence(input, tx) {
    const binding = await one(tx, input);
    return `Let the group "${binding.pattern}" no longer stand for: ${bindingWords(binding)}`;
  },
  target: ({ bindingId }) => `binding:${bindingId}`,
  async diff(tx, input) {
    const gone = await one(tx, input);
    const was = await bindings(tx);
    const will = was.filter((b) => !sameBinding(b, gone));
    if (will.length === was.length) throw new TocsinError("E_STATE", "This binding was taken away already.");
    const { gain, lose } = await affected(tx, was, will);
    return [
      { field: `Group "${gone.pattern}"`, was: bindingWords(gone), will: "no longer" },
      { field: "Known people who lose by it", was: "", will: lose, moves: true },
      { field: "Known people who gain by it", was: "", will: gain, moves: true },
    ];
  },
});

async function one(tx: Tx, { bindingId }: UnbindInput): Promise<Binding> {
  const row = await tx.roleBinding.findUnique({ where: { id: bindingId } });
  if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such binding.");
  if (isReservedGroup(row.pattern))
    throw new TocsinError("E_STATE", "This one belongs to the emergency accounts: close those instead.");
  return row as Binding;
}
