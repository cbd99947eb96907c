// What one person asks for and another decides. Pure: who may decide, for how long, and whether what would happen is
// still what was asked for.
import { z } from "zod";
import { type Action, type Layer, may } from "./permissions.ts";

/** An ask that nobody decided within a day is over. */
export const APPROVAL_MS = 24 * 3_600_000;
/** Whoever was disabled less than a day ago still counts as a second person, or disabling them would be the way around them. */
export const STILL_COUNTS_MS = 24 * 3_600_000;
/** Accounts for emergencies belong to people who have another one: they never decide. */
export const EMERGENCY_ISSUER = "tocsin:break-glass";

/** What takes two people, by its name in the registry of commands, with the permission that asks and decides. */
export const DUAL_ACTIONS = {
  "address.allow": "address.allow",
  "key.rotate": "key.rotate",
  "retention.cut": "retention.cut",
  "role.bind": "role.change",
  "role.unbind": "role.change",
  "secret.rotate": "secret.rotate",
  "tenant.erase": "tenant.erase",
} as const satisfies Record<string, Action>;
export type DualName = keyof typeof DUAL_ACTIONS;

/** May somebody with these layers ask for and decide what has this name? Not for a name that is none. */
export const mayDecide = (layers: readonly Layer[], name: string): boolean =>
  Object.hasOwn(DUAL_ACTIONS, name) && may(layers, DUAL_ACTIONS[name as DualName]);

/** One field before and after. */
export const diffLineSchema = z.object({
  field: z.string(),
  was: z.string(),
  will: z.string(),
  /** Moves by itself (a count of rows): shown, and not compared when it is decided. */
  moves: z.boolean().optional(),
});
export type DiffLine = z.infer<typeof diffLineSchema>;

export const APPROVAL_STATES = ["asked", "executed", "refused", "expired", "withdrawn", "failed"] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** A stored row in another's words: what is asked but too late reads as expired before anybody wrote that down. */
export function stateAt(row: { state: string; expiresAt: Date }, now: Date): ApprovalState {
  return row.state === "asked" && now.getTime() >= row.expiresAt.getTime() ? "expired" : (row.state as ApprovalState);
}

/** Would it now do something else than what was asked for? */
export function differs(asked: readonly DiffLine[], today: readonly DiffLine[]): boolean {
  const fixed = (lines: readonly DiffLine[]) =>
    JSON.stringify(lines.filter((l) => l.moves !== true).map((l) => [l.field, l.was, l.will]));
  return fixed(asked) !== fixed(today);
}

export interface Known {
  id: string;
  issuer: string;
  disabledAt: Date | null;
  /** What their groups allow today. */
  may: boolean;
}

/**
 * Who could decide what `asker` asks for, and whether the second person may be waived. At the command line the asker is
 * no person of ours and may be any of them: then it takes two others.
 * @param asker.makers who made it, where it is an emergency account: they may be who asks, so they do not decide. They
 * are there all the same: whoever found the secret does not do alone what they would have to agree to
 */
export function deciders<P extends Known>(
  people: readonly P[],
  asker: { id: string; isPerson: boolean; makers?: readonly string[] },
  now: Date,
): { who: P[]; waived: boolean } {
  const others = people.filter((p) => p.id !== asker.id && p.may && p.issuer !== EMERGENCY_ISSUER);
  const there = others.filter((p) => p.disabledAt === null);
  const who = there.filter((p) => asker.makers?.includes(p.id) !== true);
  const lately = others.filter(
    (p) => p.disabledAt !== null && now.getTime() - p.disabledAt.getTime() < STILL_COUNTS_MS,
  );
  return { who, waived: there.length + lately.length < (asker.isPerson ? 1 : 2) };
}
