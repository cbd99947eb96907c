import type { BindingRow } from "#lib/queries/roles";
import { Confirm } from "../../../_ui/confirm.tsx";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Panel } from "../../../_ui/page-head.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { askBindAction, askUnbindAction } from "../actions.ts";

export function Bindings({ rows, mayChange }: { rows: BindingRow[]; mayChange: boolean }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
          <span className="min-w-0 flex-1 basis-60">
            <span className="font-mono break-all">{row.pattern}</span>
            <span className="ml-2 text-ink-2">is {row.words}</span>
            <span className="block text-xs text-ink-2">
              {row.by !== null && `${row.by}, `}
              <Moment at={row.at} />: {row.reason}
            </span>
          </span>
          {mayChange && !row.fixed && (
            <Confirm
              trigger="Take away"
              triggerLook="plain"
              small
              title={`Take ${row.pattern} away?`}
              consequence={`Its people are no longer ${row.words}, from their next request on. A second root operator approves it first, where there is one.`}
              verb="Ask for it"
              busy="Asking…"
              action={askUnbindAction}
              fields={{ bindingId: row.id }}
            >
              <WhyField />
            </Confirm>
          )}
        </li>
      ))}
    </ul>
  );
}

export function BindForm({ tenants }: { tenants: { slug: string; name: string }[] }) {
  return (
    <Panel className="max-w-2xl">
      <Form action={askBindAction} label="Bind a group" clear>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            name="pattern"
            label="Group"
            required
            mono
            placeholder="platform-team"
            help="As the identity provider spells it. For operators and customers one star may stand for the tenant's slug."
          />
          <SelectField
            name="layer"
            label="Stands for"
            required
            options={[
              { value: "", label: "Choose…" },
              { value: "operator", label: "Operator" },
              { value: "customer", label: "Customer" },
              { value: "auditor", label: "Auditor of everything" },
              { value: "root", label: "Root operator" },
            ]}
          />
          <SelectField
            name="tenantSlug"
            label="Tenant"
            required={false}
            help="Leave it empty for root operators, for auditors, and where a star names it."
            options={[
              { value: "", label: "None, or named by the star" },
              ...tenants.map((t) => ({ value: t.slug, label: `${t.name} (${t.slug})` })),
            ]}
          />
        </div>
        <WhyField />
        <FormError fields={["pattern", "layer", "tenantSlug", "why"]} />
        <div>
          <Submit busy="Asking…">Ask for it</Submit>
        </div>
      </Form>
    </Panel>
  );
}
