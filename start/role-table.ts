// The table of permissions is pinned: what this checkout would allow is compared with what was last acknowledged, and a
// console that would allow something else does not start. The rest does: a changed table must not stop paging.
import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { audit } from "#lib/adapters/audit";
import { now } from "#lib/adapters/clock";
import type { Tx } from "#lib/adapters/db";
import { weakReason } from "#lib/domain/justification";
import { type RoleTable, roleTable, roleTableDiff, roleTableHash } from "#lib/domain/role-table";
import { lockDeciders } from "#lib/queries/approvers";
import { type RootOperator, rootOperators } from "#lib/queries/root-operators";
import { type Ledger, SHELL_ACTOR, typedBy } from "./ledger.ts";
import { Problem } from "./problem.ts";

export const PLATFORM = "00000000-0000-4000-8000-000000000001";

export interface Pinned {
  /** changed: a root operator has to acknowledge it. pinned: just now, because nobody had relied on another yet. */
  state: "same" | "pinned" | "changed";
  hash: string;
  diff: string[];
  roots: RootOperator[];
}

/**
 * Compares; pins by itself at the first start, and as long as no root operator has ever been here.
 * @param only "look": to compare and write nothing
 */
export function pinnedTable(ledger: Ledger, table: RoleTable = roleTable(), only?: "look"): Promise<Pinned> {
  const hash = roleTableHash(table);
  return asOwner(ledger, async (tx) => {
    const pin = await newest(tx);
    if (pin?.hash === hash) return { state: "same", hash, diff: [], roots: [] };
    await lockDeciders(tx);
    const [again, roots] = [await newest(tx), await rootOperators(tx)];
    if (again?.hash === hash) return { state: "same", hash, diff: [], roots };
    const diff = again === null ? [] : roleTableDiff(again.permissions as unknown as RoleTable, table);
    if ((again !== null && roots.length > 0) || only === "look") return { state: "changed", hash, diff, roots };
    const reason = again === null ? "The first start." : "No root operator has signed in yet.";
    await pinIt(tx, { hash, table, by: [], reason, diff, was: again?.hash ?? null, waived: false, verb: "pin" });
    return { state: "pinned", hash, diff, roots };
  });
}

export interface Acknowledged {
  hash: string;
  by: string[];
  /** Fewer than two root operators are known, so one was enough. */
  waived: boolean;
}

/**
 * @param given.by e-mail addresses of root operators: two different ones where two are known
 * @throws Problem with one sentence for what is missing
 */
export function acknowledge(
  ledger: Ledger,
  given: { by: readonly string[]; reason: string },
  table: RoleTable = roleTable(),
): Promise<Acknowledged> {
  const hash = roleTableHash(table);
  const fault = weakReason(given.reason);
  if (fault !== null) throw new Problem(`--reason: ${fault}`);
  return asOwner(ledger, async (tx) => {
    await lockDeciders(tx);
    const pin = await newest(tx);
    if (pin?.hash === hash) throw new Problem("This table is acknowledged already: there is nothing to do.");
    const roots = await rootOperators(tx);
    const by = new Map<string, RootOperator>();
    for (const address of given.by) {
      const person = named(roots, address);
      by.set(person.id, person);
    }
    const needed = Math.min(2, Math.max(1, roots.length));
    if (by.size < needed)
      throw new Problem(
        needed === 1
          ? "Say who acknowledges it: --by with the e-mail address of a root operator."
          : "Two root operators have to acknowledge it: name both, as --by one@example.com --by other@example.com.",
      );
    const diff = pin === null ? [] : roleTableDiff(pin.permissions as unknown as RoleTable, table);
    const waived = roots.length < 2;
    const reason = given.reason.trim();
    await pinIt(tx, {
      hash,
      table,
      by: [...by.keys()],
      reason,
      diff,
      was: pin?.hash ?? null,
      waived,
      verb: "acknowledge",
    });
    return { hash, by: [...by.values()].map((p) => p.name), waived };
  });
}

function named(roots: readonly RootOperator[], address: string): RootOperator {
  const wanted = address.trim().toLowerCase();
  const [person, ...more] = roots.filter((r) => r.email?.toLowerCase() === wanted);
  if (person === undefined || more.length > 0)
    throw new Problem(
      `${JSON.stringify(address.slice(0, 80))} is not the e-mail address of ${more.length > 0 ? "one root operator only" : "a root operator who has signed in here"}.`,
    );
  return person;
}

interface Pin {
  hash: string;
  table: RoleTable;
  by: string[];
  reason: string;
  diff: string[];
  was: string | null;
  waived: boolean;
  verb: "pin" | "acknowledge";
}

async function pinIt(tx: Tx, { hash, table, by, reason, diff, was, waived, verb }: Pin): Promise<void> {
  const account = userInfo().username.slice(0, 80);
  await tx.$executeRaw`INSERT INTO role_table_pin (id, hash, permissions, acknowledged_by, account, reason, at)
    VALUES (${randomUUID()}::uuid, ${hash}, ${JSON.stringify(table)}::jsonb, ${by}, ${account}, ${reason}, ${now()})`;
  const typed = typedBy().personal;
  await audit(
    tx,
    { tenantId: PLATFORM, actorId: SHELL_ACTOR },
    {
      action: `role_table.${verb}`,
      target: `role_table:${hash}`,
      body: { was, by, waived, changes: diff.slice(0, 100), more: Math.max(0, diff.length - 100) },
      personal: { ...typed, body: { ...typed.body, why: reason } },
    },
  );
}

async function newest(tx: Tx): Promise<{ hash: string; permissions: unknown } | null> {
  const rows = await tx.$queryRaw<{ hash: string; permissions: unknown }[]>`
    SELECT hash, permissions FROM role_table_pin ORDER BY at DESC, id DESC LIMIT 1`;
  return rows[0] ?? null;
}

/** Nobody who serves may write the pin: the connection is the owner's. */
function asOwner<T>(ledger: Ledger, work: (tx: Tx) => Promise<T>): Promise<T> {
  return ledger.owner.withTenant({ tenantId: PLATFORM, actorId: SHELL_ACTOR }, async (tx) => {
    await tx.$executeRaw`SET LOCAL ROLE tocsin_owner`;
    return work(tx);
  });
}

/** What the start says instead of bringing the console up. */
export function changedWords({ diff, roots }: Pinned): string[] {
  const two = roots.length > 1;
  const by = roots
    .slice(0, 2)
    .map((r) => ` --by ${r.email ?? "<e-mail>"}`)
    .join("");
  return [
    "The table of who may do what is not the one that was acknowledged, so the console does not start. Checking and paging run.",
    "",
    ...diff.map((line) => `    ${line}`),
    "",
    `When ${two ? "two root operators agree" : "a root operator agrees"}, type this; the console then starts within seconds:`,
    "",
    `    npm run tocsin -- permissions acknowledge${by} --reason "why it changed"`,
  ];
}
