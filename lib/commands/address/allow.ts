import { randomUUID } from "node:crypto";
import { z } from "zod";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { allowedRange, type Range } from "#lib/domain/allowance";
import { TocsinError } from "#lib/domain/error";
import type { Tx } from "#lib/adapters/db";
import { tenantNamed } from "#lib/queries/tenant";

const input = z.strictObject({
  tenantId: z.uuid("Choose a tenant."),
  cidr: z.string().trim().max(60),
  /** "" is every port. */
  ports: z.string().trim().max(11).default(""),
});
type Input = z.infer<typeof input>;

const rangeOf = (given: Input): Range => allowedRange(given.cidr, given.ports === "" ? undefined : given.ports);
const words = ({ cidr, portFrom, portTo }: Range): string =>
  `${cidr}, ${portFrom === 1 && portTo === 65_535 ? "every port" : portFrom === portTo ? `port ${portFrom}` : `ports ${portFrom} to ${portTo}`}`;

/** @throws TocsinError E_INVALID for what may not be allowed, E_CONFLICT for what is, E_NOT_FOUND for the tenant */
async function allowable(tx: Tx, given: Input): Promise<{ range: Range; now: Range[] }> {
  const range = rangeOf(given);
  await tenantNamed(tx, given.tenantId);
  const now = await tx.addressAllowance.findMany({
    where: { tenantId: given.tenantId, revokedAt: null },
    orderBy: { createdAt: "asc" },
  });
  if (now.some((a) => a.cidr === range.cidr && a.portFrom === range.portFrom && a.portTo === range.portTo))
    throw new TocsinError("E_CONFLICT", `${words(range)} is allowed already.`, { field: "cidr" });
  return { range, now };
}

/** A private range that the probes and sinks of one tenant may reach from now on. */
export const allowAddress = defineDual({
  command: defineCommand({
    action: "address.allow",
    input,
    tenant: (given) => given.tenantId,
    async run({ tx, input: given, actor, now, context }) {
      const { range } = await allowable(tx, given);
      const id = randomUUID();
      const reason = (context.trace?.why ?? "").slice(0, 300);
      await tx.addressAllowance.create({
        data: { tenantId: given.tenantId, id, ...range, reason, createdBy: actor.personId, createdAt: now },
      });
      return { result: { id, ...range }, audit: { target: `allowance:${id}`, body: { ...range } } };
    },
  }),
  async sentence(given, tx) {
    const tenant = await tenantNamed(tx, given.tenantId);
    return `Let servers and sinks of ${tenant.name} (${tenant.slug}) be at ${words(rangeOf(given))}`;
  },
  target: (given) => `tenant:${given.tenantId}`,
  async diff(tx, given) {
    const { range, now } = await allowable(tx, given);
    const was = now.map(words);
    return [{ field: "Private ranges", was: was.join("; ") || "none", will: [...was, words(range)].join("; ") }];
  },
});
