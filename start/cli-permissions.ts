// The words of `permissions`: what this checkout would allow, and the acknowledgement of a change.
import { parseArgs } from "node:util";
import { LAYERS, type Rule } from "#lib/domain/permissions";
import { asks, roleTable } from "#lib/domain/role-table";
import { ledgerUrls, withLedger } from "./ledger.ts";
import { acknowledge, changedWords, type Pinned, pinnedTable } from "./role-table.ts";

export const PERMISSIONS_USAGE = `  npm run tocsin -- permissions show                what each layer may, and what changed since it was acknowledged
  npm run tocsin -- permissions acknowledge --by <e-mail of a root operator> --reason "why"
                                                    twice --by where there are two of them`;

/** @returns the lines to print; null when the words make no sense @throws Problem */
export async function permissionsCommand(args: string[]): Promise<string[] | null> {
  const { values, positionals } = parseArgs({
    args,
    options: { by: { type: "string", multiple: true }, reason: { type: "string" } },
    allowPositionals: true,
  });
  const [verb, ...rest] = positionals;
  if (rest.length > 0) return null;
  if (verb === "show") {
    const pinned = await withLedger(ledgerUrls(), (ledger) => pinnedTable(ledger, undefined, "look"));
    return [
      ...table(),
      "",
      `SHA-256 ${pinned.hash}`,
      ...(pinned.state === "changed" ? ["", ...shown(pinned)] : ["It is acknowledged."]),
    ];
  }
  if (verb !== "acknowledge") return null;
  const done = await withLedger(ledgerUrls(), (ledger) =>
    acknowledge(ledger, { by: values.by ?? [], reason: values.reason ?? "" }),
  );
  return [
    `Acknowledged by ${done.by.join(" and ")}.${done.waived ? " One was enough, because fewer than two root operators are known: the log says so." : ""}`,
    "A start that waits for it brings the console up within seconds.",
  ];
}

/** Nobody has to acknowledge the table that an installation begins with. */
const shown = (pinned: Pinned): string[] =>
  pinned.roots.length === 0 ? ["It is not pinned yet: the next start does it."] : changedWords(pinned);

function table(): string[] {
  const rows = Object.entries(roleTable());
  const width = Math.max(...rows.map(([action]) => action.length));
  const marks = (rule: Rule) => LAYERS.map((l) => (rule.layers.includes(l) ? "x" : "·").padEnd(l.length)).join("  ");
  return [
    `${"".padEnd(width)}  ${LAYERS.join("  ")}`,
    ...rows.map(([action, rule]) => {
      const asked = asks(rule).join(", ");
      return `${action.padEnd(width)}  ${marks(rule)}  ${rule.sentence}${asked === "" ? "" : ` (asks: ${asked})`}`;
    }),
  ];
}
