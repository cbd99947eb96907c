import type { OnCallNow } from "#lib/queries/on-call";
import { CheckField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { saveContactsAction } from "../actions.ts";

/** Through which sinks each is reached, oneself first. */
export function Contacts({ data, me, mayChange }: { data: OnCallNow; me: string; mayChange: boolean }) {
  const people = [...data.people].sort((a, b) => Number(b.id === me) - Number(a.id === me));
  const sinks = new Map(data.sinks.map((s) => [s.id, s]));
  const note = (s: { enabled: boolean; proven: boolean } | undefined) =>
    s === undefined ? "" : !s.enabled ? " (disabled)" : !s.proven ? " (not proven)" : "";
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {people.map((person) => (
        <li key={person.id} className="px-3 py-2 text-sm">
          <div className="flex flex-wrap items-baseline gap-x-3">
            <span className="font-medium break-words">
              {person.name}
              {person.id === me && " (you)"}
            </span>
            <span className="min-w-0 break-words text-ink-2">
              {person.sinkIds.length === 0
                ? "no contact: cannot be reached"
                : person.sinkIds
                    .map((id) => `${sinks.get(id)?.name ?? "a removed sink"}${note(sinks.get(id))}`)
                    .join(", ")}
            </span>
          </div>
          {mayChange && (
            <details className="mt-1" open={person.id === me && person.sinkIds.length === 0}>
              <summary className="cursor-pointer text-xs text-ink-2">
                Change<span className="sr-only"> how {person.name} is reached</span>
              </summary>
              <Form
                key={person.sinkIds.join()}
                action={saveContactsAction}
                label={`How ${person.name} is reached`}
                className="mt-2 flex flex-col gap-2"
              >
                <input type="hidden" name="personId" value={person.id} />
                <div className="flex flex-wrap gap-x-5 gap-y-1.5">
                  {data.sinks.map((sink) => (
                    <CheckField
                      key={sink.id}
                      name="sinkId"
                      value={sink.id}
                      checked={person.sinkIds.includes(sink.id)}
                      label={`${sink.name}${note(sink)}`}
                    />
                  ))}
                </div>
                <FormError />
                <div>
                  <Submit busy="Saving…" look="plain" small>
                    Save
                  </Submit>
                </div>
              </Form>
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}
