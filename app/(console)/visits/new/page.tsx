import type { Metadata } from "next";
import { customersOf, tenantsToVisit } from "#lib/queries/impersonation";
import { param, type SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { allowed } from "../../../_server/session.ts";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { SelectField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { PageHead, Panel } from "../../../_ui/page-head.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { askVisitAction } from "../actions.ts";
import { TenantChoice } from "../_parts/tenant-choice.tsx";

export const metadata: Metadata = { title: "Look into a tenant" };

export default async function NewVisitPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("impersonation.start");
  const slug = await param(searchParams, "tenant");
  const { tenants, tenant, people } = await read(who, async (tx) => {
    const tenants = await tenantsToVisit(tx, who);
    const tenant = tenants.find((t) => t.slug === slug) ?? (tenants.length === 1 ? tenants[0] : undefined);
    return { tenants, tenant, people: tenant === undefined ? [] : await customersOf(tx, tenant.slug, who.personId) };
  });
  return (
    <>
      <PageHead
        title="Look into a tenant"
        lead="You see what this person sees, for 30 minutes, and everything you open is written into the tenant's own log under your name. Its customers see that you were there and why."
      />
      <div className="flex max-w-2xl flex-col gap-4">
        {tenants.length > 1 && <TenantChoice tenants={tenants} chosen={tenant?.slug ?? ""} />}
        {tenants.length === 0 && (
          <Empty title="There is no tenant that you may look into">
            Operators look into their own tenants: the group at the identity provider says which those are.
          </Empty>
        )}
        {tenant !== undefined && people.length === 0 && (
          <Empty
            title={`Nobody of ${tenant.name} can be looked as`}
            action={
              <ButtonLink href="/visits" small>
                Back to the visits
              </ButtonLink>
            }
          >
            A visit is made as a customer who has signed in here before, is not disabled and belongs to no staff.
          </Empty>
        )}
        {tenant !== undefined && people.length > 0 && (
          <Panel>
            <Form action={askVisitAction} label={`Look into ${tenant.name}`}>
              <input type="hidden" name="tenantId" value={tenant.id} />
              <SelectField
                name="personId"
                label="As whom"
                options={people.map((p) => ({
                  value: p.id,
                  label: p.email === null ? p.name : `${p.name} (${p.email})`,
                }))}
              />
              <SelectField
                name="mode"
                label="To do what"
                value="ro"
                options={[
                  { value: "ro", label: "Only look: begins at once" },
                  { value: "rw", label: "Change things: a colleague has to let you, within 15 minutes" },
                ]}
                help="Credentials, secrets, erasure and roles are never touched in a visit."
              />
              <WhyField help="At least 20 characters. The tenant's customers read this." />
              <FormError fields={["personId", "mode", "why"]} />
              <div>
                <Submit busy="Asking…">Look into {tenant.name}</Submit>
              </div>
            </Form>
          </Panel>
        )}
      </div>
    </>
  );
}
