// The tenant's sinks as routing sees them: names and capabilities, no address, no secret.
import type { Tx } from "#lib/adapters/db";
import type { SinkFacts } from "#lib/domain/policy";
import { sinkOf } from "#lib/sinks/index";

export interface SinkFactsRow {
  id: string;
  name: string;
  kind: string;
  config: unknown;
  state: string;
  proven: boolean;
}

/** @returns sinks that were not removed, oldest first */
export async function sinkFacts(tx: Tx): Promise<SinkFacts[]> {
  return factsOf(
    await tx.$queryRaw<SinkFactsRow[]>`
    SELECT id, name, kind, config, state, proven_at IS NOT NULL AS proven FROM sink WHERE removed_at IS NULL AND tenant_id = app.tenant() ORDER BY created_at, id`,
  );
}

export function factsOf(rows: readonly SinkFactsRow[]): SinkFacts[] {
  return rows.map(({ id, name, kind, config, state, proven }) => ({
    id,
    name,
    kind,
    enabled: state === "enabled",
    proven,
    ...capabilities(kind, config),
  }));
}

/** A form that this version cannot read must not stop the others from being told. */
function capabilities(kind: string, config: unknown): Pick<SinkFacts, "wakes" | "acknowledge"> {
  try {
    const { wakes, acknowledge } = sinkOf(kind)?.capabilities(config) ?? { wakes: false, acknowledge: false };
    return { wakes, acknowledge };
  } catch {
    return { wakes: false, acknowledge: false };
  }
}
