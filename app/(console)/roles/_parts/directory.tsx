import type { TokenRow } from "#lib/queries/roles";
import { Confirm } from "../../../_ui/confirm.tsx";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Panel } from "../../../_ui/page-head.tsx";
import { ShownOnce } from "../../../_ui/shown-once.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { makeTokenAction, revokeTokenAction } from "../actions.ts";

export function Tokens({ rows, mayChange }: { rows: TokenRow[]; mayChange: boolean }) {
  return (
    <ul className="mb-4 divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
          <span className="min-w-0 flex-1 basis-60">
            <span className="font-medium break-words">{row.name}</span>
            <span className="block text-xs text-ink-2">
              {row.by}, <Moment at={row.madeAt} />.{" "}
              {row.lastUsedAt === null ? (
                "Never used."
              ) : (
                <>
                  Last used <Moment at={row.lastUsedAt} />.
                </>
              )}
            </span>
          </span>
          <span className={row.state === "over" ? "text-xs font-medium text-down" : "text-xs text-ink-2"}>
            {row.state === "over" ? "ran out" : "runs out"} <Moment at={row.expiresAt} />
          </span>
          {mayChange && (
            <Confirm
              trigger="Take back"
              triggerLook="plain"
              small
              title={`Take the token ${row.name} back?`}
              consequence="The directory can write nothing here from now on. What it has written stays: people it switched off stay off."
              verb="Take back"
              busy="Taking back…"
              action={revokeTokenAction}
              fields={{ tokenId: row.id }}
            >
              <WhyField />
            </Confirm>
          )}
        </li>
      ))}
    </ul>
  );
}

export function TokenForm() {
  return (
    <Panel className="max-w-2xl">
      <Form action={makeTokenAction} label="Make a token" clear>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField name="name" label="For which directory" required placeholder="Entra ID" />
          <SelectField
            name="days"
            label="Holds for"
            value="365"
            required
            options={[
              { value: "90", label: "90 days" },
              { value: "180", label: "180 days" },
              { value: "365", label: "A year" },
            ]}
          />
        </div>
        <WhyField />
        <FormError fields={["name", "days", "why"]} />
        <ShownOnce what="the token">Give this to the directory now: it is not shown again.</ShownOnce>
        <div>
          <Submit busy="Making…">Make a token</Submit>
        </div>
      </Form>
    </Panel>
  );
}
