import type { EmergencyRow } from "#lib/queries/roles";
import { Confirm } from "../../../_ui/confirm.tsx";
import { TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Panel } from "../../../_ui/page-head.tsx";
import { ShownOnce } from "../../../_ui/shown-once.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { closeEmergencyAction, makeEmergencyAction } from "../actions.ts";

export function EmergencyAccounts({ rows, mayChange }: { rows: EmergencyRow[]; mayChange: boolean }) {
  return (
    <ul className="mb-4 divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
          <span className="min-w-0 flex-1 basis-60">
            <span className="font-mono">{row.name}</span>
            <span className="block text-xs text-ink-2">
              Made by {row.by}, <Moment at={row.madeAt} />.{" "}
              {row.lastRefusedAt !== null && (
                <>
                  Last refused <Moment at={row.lastRefusedAt} />.
                </>
              )}
            </span>
          </span>
          <span className="text-xs">
            {row.lastUsedAt === null ? (
              "never used"
            ) : (
              <>
                last used <Moment at={row.lastUsedAt} />
              </>
            )}
            {row.exercise === "overdue" && (
              <span className="ml-2 font-medium text-degraded">Not exercised for 90 days</span>
            )}
          </span>
          {mayChange && (
            <Confirm
              trigger="Close"
              triggerLook="plain"
              small
              title={`Close the emergency account ${row.name}?`}
              consequence="Its secret opens nothing any more, and whoever is in by it is out at once. It cannot be opened again."
              verb="Close it"
              busy="Closing…"
              action={closeEmergencyAction}
              fields={{ accountId: row.id }}
            >
              <WhyField />
            </Confirm>
          )}
        </li>
      ))}
    </ul>
  );
}

export function EmergencyForm() {
  return (
    <Panel className="max-w-2xl">
      <Form action={makeEmergencyAction} label="Make an emergency account" clear>
        <TextField
          name="name"
          label="Name"
          required
          mono
          placeholder="safe-berlin"
          help="Named after the place where its secret is kept, not after a person."
        />
        <WhyField />
        <FormError fields={["name", "why"]} />
        <ShownOnce what="the secret">
          Write this down on paper now and put it where the name says: it is not shown again.
        </ShownOnce>
        <div>
          <Submit busy="Making…">Make an emergency account</Submit>
        </div>
      </Form>
    </Panel>
  );
}
