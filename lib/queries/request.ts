// A thing asked of the worker and how far it has come.
import type { Tx } from "#lib/adapters/db";
import { type Progress, progressSchema } from "#lib/requests";

export interface RequestNow {
  id: string;
  kind: string;
  state: "pending" | "running" | "done" | "failed";
  progress: Progress[];
  /** What went wrong, in words, when it failed. */
  failure: string | null;
  createdAt: number;
  doneAt: number | null;
  serverId: string | null;
}

export async function request(tx: Tx, id: string): Promise<RequestNow | null> {
  const row = await tx.request.findFirst({ where: { id } });
  return row === null ? null : plain(row);
}

/** The newest probe asked for by hand of one server. */
export async function lastProbeRequest(tx: Tx, serverId: string): Promise<RequestNow | null> {
  const row = await tx.request.findFirst({
    where: { kind: "probe-now", payload: { path: ["serverId"], equals: serverId } },
    orderBy: { createdAt: "desc" },
  });
  return row === null ? null : plain(row);
}

/** The newest try of one extra check. */
export async function lastTryRequest(tx: Tx, checkId: string): Promise<RequestNow | null> {
  const row = await tx.request.findFirst({
    where: { kind: "try-check", payload: { path: ["checkId"], equals: checkId } },
    orderBy: { createdAt: "desc" },
  });
  return row === null ? null : plain(row);
}

type Row = NonNullable<Awaited<ReturnType<Tx["request"]["findFirst"]>>>;

function plain(row: Row): RequestNow {
  const lines = Array.isArray(row.progress) ? row.progress : [];
  const result = row.result as { sentence?: unknown } | null;
  const payload = row.payload as { serverId?: unknown };
  return {
    id: row.id,
    kind: row.kind,
    state: row.state as RequestNow["state"],
    progress: lines.flatMap((line) => {
      const parsed = progressSchema.safeParse(line);
      return parsed.success ? [parsed.data] : [];
    }),
    failure:
      row.state === "failed"
        ? typeof result?.sentence === "string"
          ? result.sentence
          : "The worker could not finish this."
        : null,
    createdAt: row.createdAt.getTime(),
    doneAt: row.doneAt?.getTime() ?? null,
    serverId: typeof payload.serverId === "string" ? payload.serverId : null,
  };
}
