// The words of `tenant` and `allow`: from arguments to a verb, and from rows to lines.
import { parseArgs } from "node:util";
import { allow, listAllowances, revoke } from "./allowances.ts";
import { ledgerUrls, withLedger } from "./ledger.ts";
import { addTenant, listTenants } from "./tenants.ts";

export const TENANT_USAGE = `  npm run tocsin -- tenant list
  npm run tocsin -- tenant add <slug> "<name>" [public|author|team|enterprise]
  npm run tocsin -- allow <tenant> <range> [port or from-to] --reason "why"     a private range it may reach
  npm run tocsin -- allow list <tenant>
  npm run tocsin -- allow revoke <id>`;

/** @returns the lines to print; null when the words make no sense @throws Problem, TocsinError */
export async function tenantCommand(args: string[]): Promise<string[] | null> {
  const { values, positionals } = parseArgs({ args, options: { reason: { type: "string" } }, allowPositionals: true });
  const [noun, first, second, third, fourth] = positionals;
  const on = <T>(work: Parameters<typeof withLedger<T>>[1]) => withLedger(ledgerUrls(), work);
  if (noun === "tenant" && first === "list" && second === undefined) {
    const rows = await on(listTenants);
    return rows.length === 0
      ? ["There is no tenant yet."]
      : rows.map((t) => `${t.slug.padEnd(39)}  ${t.tier.padEnd(10)}  ${t.name}`);
  }
  if (noun === "tenant" && first === "add" && second && third && positionals.length <= 5) {
    await on((ledger) => addTenant(ledger, { slug: second, name: third, tier: fourth ?? "team" }));
    return [
      `Tenant ${second} is there. Its people are those whose groups hold tocsin-operator-${second} or tocsin-customer-${second}.`,
    ];
  }
  if (noun !== "allow" || !first) return null;
  if (first === "list" && second && positionals.length === 3) {
    const rows = await on((ledger) => listAllowances(ledger, second));
    return rows.length === 0
      ? ["No private range is allowed."]
      : rows.map(
          (a) =>
            `${a.id}  ${a.cidr.padEnd(18)}  ${`${a.portFrom}-${a.portTo}`.padEnd(11)}  ${a.createdAt.toISOString().slice(0, 10)}  ${a.reason}`,
        );
  }
  if (first === "revoke" && second && positionals.length === 3) {
    const row = await on((ledger) => revoke(ledger, second));
    return [`${row.cidr} may no longer be reached.`];
  }
  if (first === "list" || first === "revoke" || !second || positionals.length > 4) return null;
  const asked = await on((ledger) =>
    allow(ledger, { tenant: first, cidr: second, ports: third, reason: values.reason ?? "" }),
  );
  if (asked.state === "asked")
    return [
      `Asked for, not allowed yet: ${asked.approvers.join(", ")} may approve it in the console, on the page Approvals of "This installation",`,
      `until ${asked.expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC.`,
    ];
  return [
    `${second} may be reached by ${first}. To take it back: npm run tocsin -- allow revoke ${(asked.result as { id: string }).id}`,
    "Nobody else could decide it, because fewer than two root operators are known: the log says so.",
  ];
}
