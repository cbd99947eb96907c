import type { Metadata } from "next";
import { type AllowanceRow, allowances, tenants } from "#lib/queries/tenants";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Confirm } from "../../../_ui/confirm.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { TIER_CHOICES } from "../_parts/tiers.ts";
import { askAllowAction, askEraseAction, changeTenantAction, revokeAction } from "../actions.ts";

export const metadata: Metadata = { title: "Tenant" };

export default async function TenantPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await allowed("tenant.read");
  const id = idOr404((await params).id);
  const home = { tenantId: who.seat.id, actorId: who.personId };
  const { tenant, ranges } = await read(who, async (tx) => {
    const tenant = found((await tenants(tx)).find((t) => t.id === id && t.erasedAt === null) ?? null);
    return { tenant, ranges: can(who, "address.read") ? await allowances(tx, home, id) : [] };
  });
  const hidden = <input type="hidden" name="tenantId" value={tenant.id} />;
  return (
    <>
      <PageHead
        title={tenant.name}
        lead={
          <>
            Its people are those whose groups stand for it: <code className="font-mono">{tenant.slug}</code>
          </>
        }
      >
        {can(who, "impersonation.start") && (
          <ButtonLink href={`/visits/new?tenant=${tenant.slug}`}>Look into it</ButtonLink>
        )}
      </PageHead>
      {can(who, "tenant.change") && (
        <Section title="Name and tier">
          <Panel className="max-w-2xl">
            <Form action={changeTenantAction} label="Name and tier">
              {hidden}
              <TextField name="name" label="Name" required value={tenant.name} />
              <SelectField
                name="tier"
                label="Tier"
                value={tenant.tier}
                options={TIER_CHOICES}
                required
                help="A smaller tier deletes nothing: the tenant's own people shorten its history first."
              />
              <FormError fields={["name", "tier"]} />
              <div>
                <Submit busy="Saving…">Save</Submit>
              </div>
            </Form>
          </Panel>
        </Section>
      )}
      {can(who, "address.read") && (
        <Section title="Private addresses it may reach">
          {ranges.length === 0 ? (
            <Empty title="None">Its servers and sinks are at public addresses only.</Empty>
          ) : (
            <Ranges rows={ranges} tenantId={tenant.id} mayRevoke={can(who, "address.revoke")} />
          )}
          {can(who, "address.allow") && (
            <Panel className="mt-3 max-w-2xl">
              <Form action={askAllowAction} label="Ask for a private range" clear>
                {hidden}
                <div className="grid gap-4 sm:grid-cols-2">
                  <TextField name="cidr" label="Range" required mono placeholder="10.20.0.0/16" />
                  <TextField
                    name="ports"
                    label="Ports"
                    mono
                    placeholder="8080 or 8000-8100"
                    help="Empty is every port."
                  />
                </div>
                <WhyField />
                <FormError fields={["cidr", "ports", "why"]} />
                <div>
                  <Submit busy="Asking…">Ask to allow it</Submit>
                </div>
              </Form>
            </Panel>
          )}
        </Section>
      )}
      {can(who, "tenant.erase") && (
        <Section title="Erase">
          <Panel className="max-w-2xl">
            <p className="mb-3 text-sm text-ink-2">
              Deletes every server, sink, incident, credential and minute of {tenant.name} for ever. Its audit log stays
              and can still be proved, without what names people in it. A second root operator decides.
            </p>
            <Confirm
              trigger="Ask to erase this tenant"
              title={`Ask to erase ${tenant.name} (${tenant.slug})?`}
              consequence="Nothing is deleted yet. Once somebody else approves it, all of it is gone."
              verb="Ask for it"
              busy="Asking…"
              action={askEraseAction}
              fields={{ tenantId: tenant.id }}
            >
              <WhyField />
            </Confirm>
          </Panel>
        </Section>
      )}
    </>
  );
}

function Ranges({ rows, tenantId, mayRevoke }: { rows: AllowanceRow[]; tenantId: string; mayRevoke: boolean }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel text-sm">
      {rows.map((row) => (
        <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2">
          <span className="min-w-0 flex-1 basis-60">
            <code className="font-mono text-xs">{row.cidr}</code>
            <span className="ml-2 text-ink-2">{row.ports}</span>
            <span className="block text-xs break-words text-ink-2">
              {row.reason} · <Moment at={row.createdAt} />
            </span>
          </span>
          {mayRevoke && (
            <ActButton
              action={revokeAction}
              fields={{ tenantId, id: row.id }}
              busy="Taking back…"
              small
              label={`Take ${row.cidr} back`}
            >
              Take back
            </ActButton>
          )}
        </li>
      ))}
    </ul>
  );
}
