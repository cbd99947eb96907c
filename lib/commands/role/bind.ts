import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT, type Tx } from "#lib/adapters/db";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { type Binding, bindingFault, bindingWords, sameBinding } from "#lib/domain/bindings";
import { isReservedGroup } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";
import { LAYERS } from "#lib/domain/permissions";
import { cleanText } from "#lib/domain/text";
import { bindings } from "#lib/queries/session";
import { affected } from "./affected.ts";
import { keepingARoot } from "./keep-a-root.ts";

export const bindInput = z
  .strictObject({
    pattern: z
      .string()
      .trim()
      .min(1, { error: "Write the group's name as the identity provider spells it." })
      .max(200, { error: "A group's name has at most 200 characters." })
      .refine((text) => cleanText(text, 200) === text, { error: "A group's name has no control characters in it." })
      .refine((text) => !isReservedGroup(text), { error: "Names that begin with tocsin: are kept for Tocsin itself." }),
    layer: z.enum(LAYERS, { error: "Choose what the group stands for." }),
    tenantSlug: z
      .string()
      .trim()
      .max(40, { error: "There is no tenant of this slug." })
      .nullish()
      .transform((slug) => (slug ? slug : null)),
  })
  .superRefine((binding, check) => {
    const fault = bindingFault(binding);
    if (fault !== null)
      check.addIssue({
        code: "custom",
        message: fault,
        path: [/leave the tenant empty|Say which tenant/.test(fault) ? "tenantSlug" : "pattern"],
      });
  });

export type BindInput = z.infer<typeof bindInput>;

/** A group stands for a layer from now on. Felt by its people at their next request. */
export const bindRole = defineCommand({
  action: "role.change",
  auditAs: "role.bind",
  input: bindInput,
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input, actor, now, context }) {
    await assertTenant(tx, input);
    const id = randomUUID();
    const added = await keepingARoot(
      tx,
      () =>
        tx.$executeRaw`INSERT INTO role_binding (id, pattern, layer, tenant_slug, reason, created_by, created_at)
        VALUES (${id}::uuid, ${input.pattern}, ${input.layer}, ${input.tenantSlug}, ${context.trace?.why ?? ""}, ${actor.personId}::uuid, ${now})
        ON CONFLICT DO NOTHING`,
    );
    if (added === 0)
      throw new TocsinError("E_CONFLICT", "This group stands for this layer already.", { field: "pattern" });
    return { result: { id }, audit: { target: `binding:${id}`, body: { ...input } } };
  },
});

/** Two people: one asks, another approves what they read here. */
export const bindDual = defineDual({
  command: bindRole,
  sentence: (input) => `Let the group "${input.pattern}" stand for: ${bindingWords(input)}`,
  target: ({ pattern, layer, tenantSlug }) => `binding:${layer}:${tenantSlug ?? ""}:${pattern}`.slice(0, 200),
  async diff(tx, input) {
    await assertTenant(tx, input);
    const was = await bindings(tx);
    if (was.some((b) => sameBinding(b, input)))
      throw new TocsinError("E_CONFLICT", "This group stands for this layer already.", { field: "pattern" });
    const { gain, lose } = await affected(tx, was, [...was, input]);
    return [
      { field: `Group "${input.pattern}"`, was: held(was, input.pattern), will: held([...was, input], input.pattern) },
      { field: "Known people who gain by it", was: "", will: gain, moves: true },
      { field: "Known people who lose by it", was: "", will: lose, moves: true },
    ];
  },
});

function held(all: readonly Binding[], pattern: string): string {
  const of = all.filter((b) => b.pattern === pattern).map(bindingWords);
  return of.length === 0 ? "nothing" : of.join("; ");
}

async function assertTenant(tx: Tx, { tenantSlug }: BindInput): Promise<void> {
  if (tenantSlug !== null && (await tx.tenant.count({ where: { slug: tenantSlug, isPlatform: false } })) === 0)
    throw new TocsinError("E_INVALID", "There is no tenant of this slug.", { field: "tenantSlug" });
}
