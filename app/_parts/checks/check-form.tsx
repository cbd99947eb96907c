import type { CheckField } from "#lib/domain/extra-check/form";
import type { ExtraKind } from "#lib/domain/outcome";
import { CheckField as Tick, SelectField, TextField } from "../../_ui/field.tsx";
import type { FormAction } from "../../_ui/form-state.ts";
import { Form, FormError, Submit } from "../../_ui/form.tsx";
import { CheckFields } from "./check-fields.tsx";

const PACES = [1, 2, 3, 4, 5].map((n) => ({ value: String(n * 60), label: n === 1 ? "1 minute" : `${n} minutes` }));

export function CheckForm({
  action,
  ids,
  kind,
  fields,
  values,
  start,
  label,
  clear = false,
}: {
  action: FormAction;
  /** Whose it is: the server of a new check, or the check itself. */
  ids: Record<string, string>;
  kind: ExtraKind;
  fields: readonly CheckField[];
  values: Record<string, string>;
  start: { name: string; everyS: number; callsPerDay: number; paused: boolean };
  label: string;
  /** Empty again once it was saved. */
  clear?: boolean;
}) {
  const names = ["name", "everyS", "callsPerDay", ...fields.map((f) => `settings.${f.name}`)];
  return (
    <Form action={action} label={label} clear={clear}>
      {Object.entries({ ...ids, kind }).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <TextField name="name" label="Name" required value={start.name} />
      <CheckFields fields={fields} values={values} />
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          name="everyS"
          label="Each region looks every"
          required
          value={String(start.everyS)}
          options={PACES}
          help="A failing one is looked at in every interval until it passes."
        />
        <TextField
          name="callsPerDay"
          label="Looks a day at most"
          required
          inputMode="numeric"
          value={start.callsPerDay}
          help="Over all regions, per UTC day. When they are spent it shows as not checked."
        />
      </div>
      <Tick name="paused" label="Pause" checked={start.paused} />
      <Tick name="tryNow" label="Try it at once and show what comes back" checked />
      <FormError fields={names} />
      <div>
        <Submit busy="Saving…">Save</Submit>
      </div>
    </Form>
  );
}
