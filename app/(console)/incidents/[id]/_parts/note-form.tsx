import { AreaField } from "../../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../../_ui/form.tsx";
import { noteAction } from "../../actions.ts";

export function NoteForm({ incidentId }: { incidentId: string }) {
  return (
    <Form action={noteAction} label="Write a note" clear className="mt-5 flex max-w-2xl flex-col gap-3">
      <input type="hidden" name="incidentId" value={incidentId} />
      <AreaField
        name="note"
        label="Note"
        required
        rows={2}
        placeholder="What you found or did; your colleagues read it, customers do not."
      />
      <FormError fields={["note"]} />
      <div>
        <Submit busy="Saving…" look="plain" small>
          Add to the timeline
        </Submit>
      </div>
    </Form>
  );
}
