import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { closeIncident } from "#lib/commands/incident/close";
import { liveByFingerprint } from "#lib/commands/incident/row";
import { accept, scopeKey, stillWrong, surfaceState } from "#lib/domain/drift";
import { TocsinError } from "#lib/domain/error";
import { fingerprint, toolsKey } from "#lib/domain/fingerprint";
import { liveServer } from "./live-server.ts";

const STALE = "The tools have changed since this page was drawn: look at the change again, then accept it.";

/** The list that a person saw, by its hash, becomes what is expected from now on; its incident ends with that. */
export const acceptTools = defineCommand({
  action: "server.accept_tools",
  input: z.strictObject({
    serverId: z.uuid(),
    era: z.enum(["legacy", "modern"]),
    credentialed: z.boolean(),
    fullHash: z.string().regex(/^[0-9a-f]{64}$/, "Accept a list by its hash."),
  }),
  async run({ tx, input, actor, now }) {
    const { serverId, era, credentialed, fullHash } = input;
    await liveServer(tx, actor.tenantId, serverId);
    // The same lock that the pipeline takes: what is accepted is what it announced last.
    const rows = await tx.$queryRaw<{ surface: unknown }[]>`SELECT surface FROM server_now
      WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid FOR UPDATE`;
    const before = surfaceState(rows[0]?.surface);
    const key = scopeKey({ era, credentialed });
    const scope = Object.hasOwn(before.scopes, key) ? before.scopes[key] : undefined;
    if (scope?.announced?.full !== fullHash)
      throw new TocsinError("E_CONFLICT", STALE, { detail: `${key} of ${serverId}` });
    const after = accept(before, key);
    const over = !stillWrong(after);
    if (over) delete after.raised;
    await tx.$executeRaw`UPDATE server_now SET surface = ${JSON.stringify(after)}::jsonb
      WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid`;
    await tx.$executeRaw`UPDATE surface_change SET state = 'accepted', decided_at = ${now}, decided_by = ${actor.personId}::uuid
      WHERE tenant_id = app.tenant() AND id = ${scope.announced.change}::uuid AND state = 'open'`;
    // A region apart from the others is no matter of accepting: its incident goes on.
    const by = { id: actor.personId, name: actor.name };
    const sentence = `${actor.name} accepted the tools as they are now.`;
    for (const incident of over ? await liveByFingerprint(tx, [fingerprint(toolsKey(serverId), "drift")]) : [])
      await closeIncident(tx, incident, { tenantId: actor.tenantId, now, sentence, by });
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    const body = { scope: key, before: scope.accepted, after: fullHash, change: scope.announced.change };
    return { result: undefined, audit: { target: `server:${serverId}`, body } };
  },
});
