import type { SeverityRow } from "#lib/queries/severities";
import { SelectField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { Panel, Section } from "../../../_ui/page-head.tsx";
import { SeverityBadge } from "../../../_ui/severity-badge.tsx";
import { SEVERITIES } from "#lib/domain/reason";
import { setSeverityAction } from "../actions.ts";

/** What this tenant says of reasons, and the form that says it. */
export function Severities({ rows, mayChange }: { rows: SeverityRow[]; mayChange: boolean }) {
  const own = rows.filter((r) => r.own !== null);
  return (
    <Section title="How grave each reason counts" id="severities">
      {own.length === 0 ? (
        <Empty title="Every reason counts as by default">
          A reason that pages too often, or not enough, can be given another severity in this tenant.
        </Empty>
      ) : (
        <ul className="mb-3 divide-y rounded-lg border bg-panel text-sm">
          {own.map((row) => (
            <li key={row.reason} className="flex flex-wrap items-center gap-3 px-3 py-2">
              <SeverityBadge severity={SEVERITIES.find((s) => s === row.own) ?? row.usual} />
              <span className="min-w-0 flex-1">{row.label}</span>
              <span className="text-xs text-ink-2">
                {row.usual} by default{row.by !== "" && `, changed by ${row.by}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <Panel className="mt-3 max-w-2xl">
          <Form action={setSeverityAction} label="Change a severity" clear>
            <div className="grid gap-4 sm:grid-cols-2">
              <SelectField
                name="reason"
                label="Reason"
                options={[
                  { value: "", label: "Choose a reason…" },
                  ...rows.map((r) => ({ value: r.reason, label: `${r.label} (${r.own ?? r.usual})` })),
                ]}
              />
              <SelectField
                name="severity"
                label="Counts as"
                options={[{ value: "", label: "As by default" }, ...SEVERITIES.map((s) => ({ value: s, label: s }))]}
              />
            </div>
            <p className="text-xs text-ink-2">
              For a server of others it is one step milder, as ever. P4 is written down and told to nobody.
            </p>
            <FormError fields={["reason", "severity"]} />
            <div>
              <Submit busy="Saving…">Save</Submit>
            </div>
          </Form>
        </Panel>
      )}
    </Section>
  );
}
