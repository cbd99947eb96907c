import type { SourceRow } from "#lib/queries/sources";
import { Confirm } from "../../../_ui/confirm.tsx";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Panel } from "../../../_ui/page-head.tsx";
import { ShownOnce } from "../../../_ui/shown-once.tsx";
import { addSourceAction, changeSourceAction, revokeSourceAction } from "../actions.ts";

const FIELDS = ["name", "kind", "defaultSeverity", "perMinute", "resolveAfterS"];
const GRAVE = (["P1", "P2", "P3", "P4"] as const).map((value) => ({ value, label: value }));

function Common({ row }: { row?: SourceRow }) {
  return (
    <>
      <TextField name="name" label="Name" required placeholder="Prometheus Frankfurt" value={row?.name ?? ""} />
      <SelectField
        name="defaultSeverity"
        label="Severity when an alert says none"
        value={row?.defaultSeverity ?? "P3"}
        options={GRAVE}
      />
      <TextField
        name="perMinute"
        label="Alerts a minute"
        required
        value={String(row?.perMinute ?? 600)}
        help="More are asked to come again later, and none is lost."
      />
      <TextField
        name="resolveAfterS"
        label="Over when not sent again for, in seconds"
        required
        value={String(row?.resolveAfterS ?? 300)}
        help="Only for alerts that Prometheus sends directly and that name no end."
      />
    </>
  );
}

export function AddSource() {
  return (
    <Panel className="max-w-2xl">
      <Form action={addSourceAction} label="Add a source">
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            name="kind"
            label="What sends"
            value="alertmanager"
            options={[
              { value: "alertmanager", label: "Prometheus or Alertmanager" },
              { value: "generic", label: "Anything that can send JSON" },
            ]}
          />
          <Common />
        </div>
        <FormError fields={FIELDS} />
        <ShownOnce what="the token">The token, shown this once: store it where the other monitor is set up.</ShownOnce>
        <div>
          <Submit busy="Adding…">Add the source</Submit>
        </div>
      </Form>
    </Panel>
  );
}

export function ChangeSource({ row }: { row: SourceRow }) {
  return (
    <details className="mt-3 max-w-2xl rounded-lg border bg-panel px-4 py-2">
      <summary className="cursor-pointer text-sm font-medium">Change {row.name}</summary>
      <div className="flex flex-col gap-4 py-3">
        <Form action={changeSourceAction} label={`Change ${row.name}`}>
          <input type="hidden" name="sourceId" value={row.id} />
          <div className="grid gap-4 sm:grid-cols-2">
            <Common row={row} />
          </div>
          <FormError fields={FIELDS} />
          <div>
            <Submit busy="Saving…">Save</Submit>
          </div>
        </Form>
        <div>
          <Confirm
            trigger="Take its key back"
            title={`Take the key of ${row.name} back?`}
            consequence="It is turned away from its next request on, and its alerts that fire now are resolved here, because nobody says any more whether they go on."
            verb="Take it back"
            busy="Taking back…"
            action={revokeSourceAction}
            fields={{ sourceId: row.id }}
          />
        </div>
      </div>
    </details>
  );
}
