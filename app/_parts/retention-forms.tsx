import type { Retention } from "#lib/domain/retention";
import { Button } from "../_ui/button.tsx";
import { TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { WhyField } from "../_ui/why-field.tsx";

const FIELDS = ["minutesDays", "incidentsDays"];

function Days({ value, most }: { value: Retention; most?: Retention }) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <TextField
        name="minutesDays"
        label="Minutes, days"
        type="number"
        inputMode="numeric"
        required
        value={value.minutesDays}
        {...(most === undefined ? {} : { help: `At most ${most.minutesDays}.` })}
      />
      <TextField
        name="incidentsDays"
        label="Incidents, days"
        type="number"
        inputMode="numeric"
        required
        value={value.incidentsDays}
        {...(most === undefined ? {} : { help: `At most ${most.incidentsDays}.` })}
      />
    </div>
  );
}

export function KeepLonger({ now, most, action }: { now: Retention; most: Retention; action: FormAction }) {
  return (
    <Form action={action} label="Keep longer">
      <Days value={now} most={most} />
      <FormError fields={FIELDS} />
      <div>
        <Submit busy="Saving…">Keep longer</Submit>
      </div>
    </Form>
  );
}

/** Changes nothing: the address then says what is asked, and the page what would go. */
export function SeeLess({ now }: { now: Retention }) {
  return (
    <form method="get" aria-label="See what would go" className="flex flex-col gap-4">
      <Days value={now} />
      <div>
        <Button type="submit">See what would go</Button>
      </div>
    </form>
  );
}

export function AskLess({ wanted, action }: { wanted: Retention; action: FormAction }) {
  return (
    <Form action={action} label="Ask to keep less" clear>
      <input type="hidden" name="minutesDays" value={wanted.minutesDays} />
      <input type="hidden" name="incidentsDays" value={wanted.incidentsDays} />
      <WhyField />
      <FormError fields={["why"]} />
      <div>
        <Submit busy="Asking…" look="danger">
          Ask a second person
        </Submit>
      </div>
    </Form>
  );
}
