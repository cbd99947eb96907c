// The tenant's audit rows, newest first: who, what, when. The body is read as hashed, so it holds no personal data.
import type { Tx } from "#lib/adapters/db";
import { peopleNames } from "./incidents.ts";

export interface AuditRow {
  id: string;
  at: number;
  who: string;
  action: string;
  target: string;
  body: string;
}

/** The product's own actors (worker, first set-up) share this beginning; people have random ids. */
const NOBODY = "00000000-0000-4000-8000-";

export async function auditRows(tx: Tx, take = 300): Promise<AuditRow[]> {
  const rows = await tx.auditEvent.findMany({ orderBy: [{ at: "desc" }, { id: "desc" }], take });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.actor),
  );
  return rows.map((r) => ({
    id: r.id,
    at: r.at.getTime(),
    who: r.actor.startsWith(NOBODY) ? "Tocsin itself" : (names.get(r.actor) ?? r.actor),
    action: r.action,
    target: r.target,
    body: r.body,
  }));
}
