import type { Metadata } from "next";
import Link from "next/link";
import { tenants } from "#lib/queries/tenants";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { SelectField, TextField } from "../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../_ui/form.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { TIER_CHOICES } from "./_parts/tiers.ts";
import { addTenantAction } from "./actions.ts";

export const metadata: Metadata = { title: "Tenants" };

export default async function TenantsPage() {
  const who = await allowed("tenant.read");
  const all = await read(who, tenants);
  const live = all.filter((t) => t.erasedAt === null);
  const erased = all.filter((t) => t.erasedAt !== null);
  return (
    <>
      <PageHead
        title="Tenants"
        lead="Who is served here, and what each may use. What is in a tenant is seen by its own people, and by whoever visits it under its customers' eyes."
      />
      <Section title="Served now" aside={`${live.length}`}>
        {live.length === 0 ? (
          <Empty title="There is no tenant yet">Add the first one: its people come in by groups named after it.</Empty>
        ) : (
          <Table
            label="Every tenant"
            head={
              <>
                <Th>Name</Th>
                <Th>Slug</Th>
                <Th>Tier</Th>
                <Th wide className="text-right">
                  Added
                </Th>
              </>
            }
          >
            {live.map((t) => (
              <Tr key={t.id} href={`/tenants/${t.id}`}>
                <Td className="w-full">
                  <Link
                    href={`/tenants/${t.id}`}
                    className="font-medium break-words underline-offset-2 hover:underline"
                  >
                    {t.name}
                  </Link>
                </Td>
                <Td className="font-mono text-xs whitespace-nowrap">{t.slug}</Td>
                <Td>{t.tier}</Td>
                <Td wide className="text-right text-ink-2">
                  <Moment at={t.createdAt} />
                </Td>
              </Tr>
            ))}
          </Table>
        )}
      </Section>
      {can(who, "tenant.change") && (
        <Section title="Add a tenant">
          <Panel className="max-w-2xl">
            <Form action={addTenantAction} label="Add a tenant" clear>
              <div className="grid gap-4 sm:grid-cols-2">
                <TextField name="name" label="Name" required placeholder="Acme Europe" />
                <TextField
                  name="slug"
                  label="Slug"
                  required
                  mono
                  placeholder="acme-eu"
                  help="Small letters, digits and hyphens. Its groups are named after it, so it stays."
                />
              </div>
              <SelectField name="tier" label="Tier" value="team" options={TIER_CHOICES} required />
              <FormError fields={["name", "slug", "tier"]} />
              <div>
                <Submit busy="Adding…">Add tenant</Submit>
              </div>
            </Form>
          </Panel>
        </Section>
      )}
      {erased.length > 0 && (
        <Section title="Erased">
          <ul className="divide-y rounded-lg border bg-panel text-sm">
            {erased.map((t) => (
              <li key={t.id} className="flex flex-wrap items-center justify-between gap-x-4 px-3 py-2">
                <span className="font-mono text-xs break-all">{t.id}</span>
                <span className="text-xs text-ink-2">
                  erased <Moment at={t.erasedAt ?? 0} />
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
