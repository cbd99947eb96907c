// Where the log is copied to, how far each copy has come, and what is wrong with it. Secrets never leave the row.
import type { Tx } from "#lib/adapters/db";
import { type StreamKind, STREAMS } from "#lib/domain/audit/stream";
import { CHECKPOINT_GAP_MS } from "#lib/domain/audit/checkpoint";

export interface StreamRow {
  id: string;
  kind: StreamKind;
  kindName: string;
  name: string;
  where: string;
  /** new: it has not caught up for the first time yet. */
  state: "current" | "new" | "behind" | "failing";
  caughtUpAt: number | null;
  lastSentAt: number | null;
  /** Events not yet there when it was last looked at. */
  waiting: number;
  lastError: string | null;
  retryAt: number | null;
  test: { state: "asked" } | { state: "done"; at: number; result: string } | null;
  config: Record<string, string>;
  hasSecret: boolean;
}

/** In the order they were made. */
export async function auditStreams(tx: Tx, now: Date): Promise<StreamRow[]> {
  const rows = await tx.auditStream.findMany({
    where: { removedAt: null },
    orderBy: { createdAt: "asc" },
    omit: { sealed: true },
  });
  const sealed = await tx.auditStream.findMany({
    where: { removedAt: null, NOT: { sealed: null } },
    select: { id: true },
  });
  const secret = new Set(sealed.map((s) => s.id));
  return rows.map((row) => {
    const kind = row.kind as StreamKind;
    const config = row.config as Record<string, string>;
    const since = (row.caughtUpAt ?? row.createdAt).getTime();
    const late = now.getTime() - since > CHECKPOINT_GAP_MS;
    return {
      ...{ id: row.id, kind, kindName: STREAMS[kind].name, name: row.name, where: STREAMS[kind].describe(config) },
      state: row.lastError !== null ? "failing" : late ? "behind" : row.caughtUpAt === null ? "new" : "current",
      caughtUpAt: row.caughtUpAt?.getTime() ?? null,
      lastSentAt: row.lastSentAt?.getTime() ?? null,
      waiting: Number(row.waiting),
      lastError: row.lastError,
      retryAt: row.retryAt?.getTime() ?? null,
      test:
        row.testAskedAt !== null
          ? { state: "asked" }
          : row.testedAt === null
            ? null
            : { state: "done", at: row.testedAt.getTime(), result: row.testResult ?? "" },
      config,
      hasSecret: secret.has(row.id),
    };
  });
}
