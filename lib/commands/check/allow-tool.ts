import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveServer } from "#lib/commands/server/live-server";
import { TocsinError } from "#lib/domain/error";

const tool = z
  .string()
  .trim()
  .min(1, "Name the tool as the server lists it.")
  .max(128, "A tool's name has at most 128 characters.");

/** Lets test calls use a tool that its server does not mark as read-only; the reason given is kept with it. */
export const allowTool = defineCommand({
  action: "check.allow_tool",
  input: z.strictObject({ serverId: z.uuid(), tool }),
  async run({ tx, input, actor, now, context }) {
    const { serverId } = input;
    await liveServer(tx, actor.tenantId, serverId);
    const key = { tenantId: actor.tenantId, serverId, tool: input.tool };
    if ((await tx.allowedTool.count({ where: key })) > 0)
      throw new TocsinError("E_STATE", "Test calls may use this tool already.", { field: "tool" });
    await tx.allowedTool.create({
      data: { ...key, reason: context.trace?.why ?? "", allowedBy: actor.personId, allowedAt: now },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    return { result: undefined, audit: { target: `server:${serverId}`, body: { tool: input.tool } } };
  },
});

/** Taking a leave back needs no reason and no second sign-in: it makes nothing possible. */
export const disallowTool = defineCommand({
  action: "check.change",
  auditAs: "check.disallow_tool",
  input: z.strictObject({ serverId: z.uuid(), tool }),
  async run({ tx, input, actor }) {
    const { serverId } = input;
    await liveServer(tx, actor.tenantId, serverId);
    const { count } = await tx.allowedTool.deleteMany({
      where: { tenantId: actor.tenantId, serverId, tool: input.tool },
    });
    if (count === 0) throw new TocsinError("E_STATE", "Test calls may not use this tool anyway.");
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    return { result: undefined, audit: { target: `server:${serverId}`, body: { tool: input.tool } } };
  },
});
