import type { Metadata } from "next";
import Link from "next/link";
import { roleTableHash } from "#lib/domain/role-table";
import { boundGroups, directoryCounts, directoryTokens, emergencyAccounts, tablePin } from "#lib/queries/roles";
import { tenants } from "#lib/queries/tenants";
import { scimSettings } from "../../_server/scim.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { CopyId } from "../../_ui/copy-id.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { BindForm, Bindings } from "./_parts/bindings.tsx";
import { TokenForm, Tokens } from "./_parts/directory.tsx";
import { EmergencyAccounts, EmergencyForm } from "./_parts/emergency.tsx";
import { PermissionTable } from "./_parts/table.tsx";

export const metadata: Metadata = { title: "Roles" };

/** The page is long: what is looked at first stands at its end, under what is changed. */
const PARTS = [
  ["table", "Who may do what"],
  ["groups", "Groups"],
  ["emergency", "Emergency accounts"],
  ["directory", "Directory"],
] as const;

export default async function RolesPage() {
  const who = await allowed("role.read");
  const all = await read(who, async (tx, now) => ({
    bound: await boundGroups(tx),
    pin: await tablePin(tx),
    tokens: await directoryTokens(tx, now),
    counts: await directoryCounts(tx),
    accounts: await emergencyAccounts(tx, now),
    tenants: (await tenants(tx)).filter((t) => t.erasedAt === null),
  }));
  const { groupsFrom, base } = scimSettings();
  return (
    <>
      <PageHead
        title="Roles"
        lead="Groups of the identity provider decide who somebody is, and one table decides what that may do. Each layer may something that the others may not."
      />
      <nav aria-label="On this page" className="mb-6 flex flex-wrap gap-x-4 gap-y-2 text-sm">
        {PARTS.map(([id, title]) => (
          <a key={id} href={`#${id}`} className="underline underline-offset-2 hover:text-ink">
            {title}
          </a>
        ))}
      </nav>
      <Section id="groups" title="Groups" aside="felt at the next request">
        <div className="flex flex-col gap-4">
          <Bindings rows={all.bound} mayChange={can(who, "role.change")} />
          {can(who, "role.change") && <BindForm tenants={all.tenants.map(({ slug, name }) => ({ slug, name }))} />}
        </div>
      </Section>
      <Section id="emergency" title="Emergency accounts" aside="outside the identity provider">
        {all.accounts.length === 0 ? (
          <div className="mb-4">
            <Empty title="There is no emergency account">
              When the identity provider is away, nobody can sign in. Keep two, in two places: each use pages whoever
              this installation&apos;s own alerts page.
            </Empty>
          </div>
        ) : (
          <EmergencyAccounts rows={all.accounts} mayChange={can(who, "break_glass.change")} />
        )}
        {can(who, "break_glass.change") && <EmergencyForm />}
      </Section>
      <Section id="directory" title="Directory" aside="SCIM 2.0">
        <Panel className="mb-4">
          <Facts
            rows={[
              ["Address", <CopyId key="address" value={base} what="the address" />],
              ["Written so far", `${all.counts.users} people, ${all.counts.groups} groups`],
              [
                "Groups come from",
                groupsFrom === "scim"
                  ? "the directory"
                  : "the identity provider's token; the directory's groups are kept and decide nothing",
              ],
            ]}
          />
        </Panel>
        {all.tokens.length > 0 && <Tokens rows={all.tokens} mayChange={can(who, "scim.change")} />}
        {can(who, "scim.change") && <TokenForm />}
      </Section>
      <Section id="table" title="Who may do what">
        <Panel className="mb-4">
          {all.pin === null ? (
            <p className="text-sm text-ink-2">No start has pinned this table yet: the next one does.</p>
          ) : (
            <Facts
              rows={[
                ["SHA-256", <CopyId key="hash" value={all.pin.hash} what="the hash" />],
                [
                  "Acknowledged",
                  <span key="by">
                    {all.pin.by.length === 0 ? "by the start itself" : `by ${all.pin.by.join(" and ")}`},{" "}
                    <Moment at={all.pin.at} />, typed by {all.pin.account}
                  </span>,
                ],
                ["Why", all.pin.reason],
                all.pin.hash === roleTableHash()
                  ? null
                  : ["Now", "This table is another one: it was changed after the console had started."],
              ]}
            />
          )}
        </Panel>
        <PermissionTable />
        {can(who, "incident.read") && (
          <p className="mt-3 text-sm text-ink-2">
            Which field of what the staff writes a customer reads:{" "}
            <Link href="/fields" className="underline underline-offset-2 hover:text-ink">
              What each side sees
            </Link>
          </p>
        )}
      </Section>
    </>
  );
}
