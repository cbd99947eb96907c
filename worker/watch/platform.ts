// Alerts about Tocsin itself, on the installation's own tenant, down the same pipeline as any other: one incident for
// one stopped part, however many servers it leaves unchecked.
import { type Db, PLATFORM_TENANT, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { fingerprint } from "#lib/domain/fingerprint";
import type { SubjectKind } from "#lib/domain/incident";
import type { Reason } from "#lib/domain/reason";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";

export interface Part {
  kind: Exclude<SubjectKind, "server" | "tenant">;
  /** Unique among the parts of its kind. */
  name: string;
  /** What people read. */
  title: string;
  reason: Reason;
  stopped: boolean;
  /** What was seen, or what is seen again. */
  sentence: string;
}

const AGAIN_MS = 600_000;

export const partKey = (part: Pick<Part, "kind" | "name">): string => `${part.kind}:${part.name}`;

export interface PlatformNow {
  /** Fingerprints of live incidents about parts of ours. */
  live: Set<string>;
  /** When the last of them ended: until then nobody could look, so no server owes a look. */
  lastEnd: Date | null;
}

export function platformNow(db: Db): Promise<PlatformNow> {
  return db.withTenant({ tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR }, async (tx) => {
    const live = await tx.$queryRaw<
      { fingerprint: string }[]
    >`SELECT fingerprint FROM incident WHERE tenant_id = app.tenant() AND subject_kind <> 'server' AND state <> 'resolved'`;
    const ended = await tx.$queryRaw<
      { at: Date | null }[]
    >`SELECT max(resolved_at) AS at FROM incident WHERE tenant_id = app.tenant() AND subject_kind IN ('region', 'worker')`;
    return { live: new Set(live.map((r) => r.fingerprint)), lastEnd: ended[0]?.at ?? null };
  });
}

/** Opens or closes the incident of one part where that changes anything. @returns what was done */
export async function judgePart(
  db: Db,
  part: Part,
  live: ReadonlySet<string>,
  now: Date,
): Promise<"opened" | "resolved" | null> {
  const key = partKey(part);
  if (live.has(fingerprint(key, "unchecked")) === part.stopped) return null;
  const decided = await db.withTenant({ tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR }, async (tx) => {
    const verdict = part.stopped
      ? unlookedVerdict("unknown", part.reason, part.sentence)
      : unlookedVerdict("up", null, part.sentence);
    const before = { bad: 0, good: 0, flips: [] };
    return walk(tx, {
      tenantId: PLATFORM_TENANT,
      subject: await subjectOf(tx, part, key),
      verdict,
      sealed: null,
      slot: now,
      now,
      atOnce: true,
      before,
    });
  });
  return decided.change === "opened" ? "opened" : decided.resolved.length > 0 ? "resolved" : null;
}

async function subjectOf(tx: Tx, part: Part, key: string): Promise<Subject> {
  const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = ${PLATFORM_TENANT}::uuid`;
  const tenantName = rows[0]?.name ?? "Tocsin";
  // Closed by hand while it is still stopped, a part has this long before it alerts again.
  const again = { fireAfter: 2, intervalMs: AGAIN_MS };
  return {
    kind: part.kind,
    key,
    serverId: null,
    name: part.title,
    url: "",
    tenantName,
    weight: "own",
    clearAfter: 1,
    ...again,
  };
}
