// Runbooks by reason: the tenant's own words where it wrote any, else the given ones.
import type { Tx } from "#lib/adapters/db";
import { REASON_NAMES, type Reason, REASONS } from "#lib/domain/reason";
import { givenRunbook } from "#lib/domain/runbook";
import { peopleNames } from "./incidents.ts";

const VERSIONS_SHOWN = 20;

export interface RunbookView {
  reason: Reason;
  label: string;
  advice: string;
  body: string;
  /** The tenant's own words hold. */
  own: boolean;
  /** 0 where nobody has written any. */
  version: number;
  savedAt: number | null;
  versions: { version: number; savedAt: number; by: string; body: string | null }[];
}

export async function runbook(tx: Tx, reason: Reason): Promise<RunbookView> {
  const rows = await tx.runbook.findMany({ where: { reason }, orderBy: { version: "desc" }, take: VERSIONS_SHOWN });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.savedBy),
  );
  const last = rows[0];
  const { label, advice } = REASONS[reason];
  return {
    ...{ reason, label, advice, body: last?.body ?? givenRunbook(reason), own: (last?.body ?? null) !== null },
    ...{ version: last?.version ?? 0, savedAt: last?.savedAt.getTime() ?? null },
    versions: rows.map((r) => ({
      version: r.version,
      savedAt: r.savedAt.getTime(),
      by: r.savedBy === null ? "" : (names.get(r.savedBy) ?? "somebody"),
      body: r.body,
    })),
  };
}

export interface RunbookLine {
  reason: Reason;
  label: string;
  severity: string;
  own: boolean;
}

/** Every reason, in the order of the published list. */
export async function runbooks(tx: Tx): Promise<RunbookLine[]> {
  const own = await tx.$queryRaw<{ reason: string }[]>`SELECT reason FROM (
      SELECT DISTINCT ON (reason) reason, body FROM runbook WHERE tenant_id = app.tenant() ORDER BY reason, version DESC) newest
    WHERE body IS NOT NULL`;
  const written = new Set(own.map((r) => r.reason));
  return REASON_NAMES.map((reason) => {
    const { label, severity } = REASONS[reason];
    return { reason, label, severity, own: written.has(reason) };
  });
}
