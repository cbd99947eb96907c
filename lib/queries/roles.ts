// Everything that decides who is what: bindings, the pin of the table, the directory's tokens, the emergency accounts.
import type { Tx } from "#lib/adapters/db";
import { exercise, type Exercise, isReservedGroup } from "#lib/domain/break-glass";
import { type Binding, bindingWords } from "#lib/domain/bindings";
import type { Layer } from "#lib/domain/permissions";
import { peopleNames } from "./incidents.ts";

export interface BindingRow {
  id: string;
  pattern: string;
  layer: Layer;
  words: string;
  by: string | null;
  reason: string;
  at: number;
  /** Belongs to the emergency accounts: stays. */
  fixed: boolean;
}

const LAYER_ORDER = ["root", "auditor", "operator", "customer"];

export async function boundGroups(tx: Tx): Promise<BindingRow[]> {
  const rows = await tx.roleBinding.findMany({ where: { removedAt: null } });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.createdBy),
  );
  return rows
    .map((row) => ({
      id: row.id,
      pattern: row.pattern,
      layer: row.layer as Layer,
      words: bindingWords(row as Binding),
      by: row.createdBy === null ? null : (names.get(row.createdBy) ?? "the command line"),
      reason: row.reason,
      at: row.createdAt.getTime(),
      fixed: isReservedGroup(row.pattern),
    }))
    .sort((a, b) => LAYER_ORDER.indexOf(a.layer) - LAYER_ORDER.indexOf(b.layer) || (a.pattern < b.pattern ? -1 : 1));
}

export interface PinRow {
  hash: string;
  by: string[];
  account: string;
  reason: string;
  at: number;
}

/** null where no start has pinned the table yet. */
export async function tablePin(tx: Tx): Promise<PinRow | null> {
  const pin = await tx.roleTablePin.findFirst({ orderBy: [{ at: "desc" }, { id: "desc" }] });
  if (pin === null) return null;
  const names = await peopleNames(tx, pin.acknowledgedBy);
  const by = pin.acknowledgedBy.map((id) => names.get(id) ?? "somebody who is gone");
  return { hash: pin.hash, by, account: pin.account, reason: pin.reason, at: pin.at.getTime() };
}

export interface TokenRow {
  id: string;
  name: string;
  by: string;
  madeAt: number;
  expiresAt: number;
  lastUsedAt: number | null;
  /** over: its time has come. */
  state: "holds" | "over";
}

export async function directoryTokens(tx: Tx, now: Date): Promise<TokenRow[]> {
  const rows = await tx.scimToken.findMany({ where: { revokedAt: null }, orderBy: { createdAt: "desc" } });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.createdBy),
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    by: names.get(row.createdBy) ?? "somebody who is gone",
    madeAt: row.createdAt.getTime(),
    expiresAt: row.expiresAt.getTime(),
    lastUsedAt: row.lastUsedAt?.getTime() ?? null,
    state: row.expiresAt > now ? "holds" : "over",
  }));
}

export async function directoryCounts(tx: Tx): Promise<{ users: number; groups: number }> {
  return { users: await tx.scimUser.count(), groups: await tx.scimGroup.count() };
}

export interface EmergencyRow {
  id: string;
  name: string;
  by: string;
  madeAt: number;
  lastUsedAt: number | null;
  lastRefusedAt: number | null;
  exercise: Exercise;
}

export async function emergencyAccounts(tx: Tx, now: Date): Promise<EmergencyRow[]> {
  const rows = await tx.breakGlass.findMany({
    where: { closedAt: null },
    // The secret's hash stays where it is.
    select: {
      id: true,
      name: true,
      createdBy: true,
      createdAt: true,
      lastUsedAt: true,
      uses: { where: { kind: "failed" }, orderBy: { at: "desc" }, take: 1, select: { at: true } },
    },
    orderBy: { name: "asc" },
  });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.createdBy),
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    by: names.get(row.createdBy) ?? "the command line",
    madeAt: row.createdAt.getTime(),
    lastUsedAt: row.lastUsedAt?.getTime() ?? null,
    lastRefusedAt: row.uses[0]?.at.getTime() ?? null,
    exercise: exercise(row, now),
  }));
}
