// What a region remembers of a wall between its looks: in Redis, so that a restart asks nobody again, and as a row for
// the console, written when a look was made or the walk ends elsewhere than before. No secret is in either.
import { z } from "zod";
import { now as clockNow } from "#lib/adapters/clock";
import { unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { CredentialWalk } from "#lib/domain/outcome";
import { FINDINGS_EVERY_MS, lookSchema, type TokenState, WALL_EVERY_MS } from "#lib/domain/wall";
import type { CredentialDeps } from "./credentialed.ts";
import type { Guarded } from "./load.ts";

const heldSchema = lookSchema.extend({
  /** The credential's version: another one makes the walk anew. */
  version: z.number(),
  /** What was written down of the last walk, in short. */
  said: z.string().max(200),
  /** The last walk failed: what is published is read again with the next look. */
  failing: z.boolean(),
});
export type Held = z.infer<typeof heldSchema>;

/** One row of what became of a walk. */
export interface Done {
  walk: CredentialWalk;
  look: z.infer<typeof lookSchema>;
  /** A look was made in this probe. */
  looked: boolean;
  token: TokenState | null;
}

const LIVE_LOOK_MS = 60_000;
const KEPT_S = 2 * 86_400;
const keyOf = (deps: Pick<CredentialDeps, "prefix" | "region">, serverId: string) =>
  `${deps.prefix}:wall:${deps.region}:${serverId}`;

export async function readHeld(deps: CredentialDeps, ids: string[]): Promise<Map<string, Held>> {
  const texts = await deps.redis.mget(ids.map((id) => keyOf(deps, id)));
  return new Map(
    texts.flatMap((text, i) => {
      const held = heldSchema.safeParse(parsed(text));
      return held.success ? [[ids[i] as string, held.data] as const] : [];
    }),
  );
}

/** Is a look due? Whoever is first to say so makes it: at most one a minute of a server and region. */
export async function nextLook(
  deps: CredentialDeps,
  serverId: string,
  held: Held | null,
  guarded: Guarded,
  live: boolean,
): Promise<{ discover: boolean } | null> {
  const at = clockNow().getTime();
  const old = (then: number | undefined, ms: number) => then === undefined || at - then >= ms || then > at;
  const changed = held !== null && held.version !== guarded.version;
  if (!changed && !old(held?.wall?.at, live ? LIVE_LOOK_MS : WALL_EVERY_MS)) return null;
  const first = await deps.redis.set(`${keyOf(deps, serverId)}:asked`, "1", "EX", 60, "NX");
  if (first === null) return null;
  const read = held?.findings ?? undefined;
  return { discover: old(read?.at, FINDINGS_EVERY_MS) || held?.failing === true || read?.problem !== "" };
}

/** Never throws: the outcome is recorded anyway, and the next look writes again. */
export async function keepWalls(
  deps: CredentialDeps,
  tenantId: string,
  serverId: string,
  guarded: Guarded,
  held: Held | null,
  done: Done,
): Promise<void> {
  const { walk, look, looked, token } = done;
  const states = walk.steps.map((s) => s.state.charAt(0)).join("");
  const said = `${walk.result} ${states} ${token?.at ?? ""} ${token?.code ?? ""}`;
  const failing = walk.result !== "healthy" && guarded.kind !== null;
  if (!looked && held?.said === said && held.version === guarded.version) return;
  const now: Held = { ...look, version: guarded.version, said, failing };
  try {
    await deps.redis.set(keyOf(deps, serverId), JSON.stringify(now), "EX", KEPT_S);
    const json = (value: object | null) => (value === null ? null : JSON.stringify(value));
    const at = clockNow();
    const work = deps.db.withTenant(
      { tenantId, actorId: WORKER_ACTOR },
      (tx) => tx.$executeRaw`INSERT INTO server_wall (tenant_id, server_id, region, looked_at, walk, findings, token)
        VALUES (${tenantId}::uuid, ${serverId}::uuid, ${deps.region}, ${at}, ${json(walk)}::jsonb, ${json(look.findings)}::jsonb, ${json(token)}::jsonb)
        ON CONFLICT (tenant_id, server_id, region) DO UPDATE SET looked_at = excluded.looked_at, walk = excluded.walk,
          findings = excluded.findings, token = excluded.token`,
    );
    await unlessErased(work, 0);
  } catch (err) {
    deps.log.warn({ err, server: serverId }, "what was found at a wall could not be written down");
  }
}

function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
