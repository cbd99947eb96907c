import { CONTROLLERS, SUBJECT_KINDS } from "#lib/domain/erasure";
import { AreaField, SelectField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Panel } from "../_ui/page-head.tsx";

const options = (of: Readonly<Record<string, string>>) =>
  Object.entries(of).map(([value, label]) => ({ value, label }));

/** One form for both sides: whoever files reads the same words. */
export function ErasureForm({ action }: { action: FormAction }) {
  return (
    <Panel>
      <Form action={action} label="File a request for erasure">
        <SelectField name="subjectKind" label="Whose data is it?" required options={options(SUBJECT_KINDS)} />
        <SelectField name="controller" label="Who has to answer the person?" required options={options(CONTROLLERS)} />
        <AreaField
          name="identifiers"
          label="What the person is known by here"
          required
          rows={4}
          placeholder={"ann@example.com\nAnn Example"}
          help="One per line: e-mail address, name, account. Sealed once filed: only an operator who works the request off reads it, and each reading is in the log."
        />
        <AreaField
          name="note"
          label="Anything that helps to find it"
          rows={3}
          help="Sealed as well. Leave out what is not needed to find the data."
        />
        <FormError fields={["subjectKind", "controller", "identifiers", "note"]} />
        <div>
          <Submit busy="Filing…">File the request</Submit>
        </div>
      </Form>
    </Panel>
  );
}
