import Link from "next/link";
import { BUILT_IN_VIEWS } from "#lib/domain/audit-filter";
import { TextField } from "../../../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../../../_ui/form.tsx";
import { removeViewAction, saveViewAction } from "../actions.ts";

const CHIP =
  "inline-flex h-7 items-center rounded-md border px-2.5 text-xs text-ink-2 hover:bg-raised hover:text-ink aria-[current=true]:border-line-strong aria-[current=true]:bg-panel aria-[current=true]:text-ink";

/** Questions by name: those for everybody, and one's own. A filter that has no name yet can be given one. */
export function Views({ query, own }: { query: string; own: { id: string; name: string; query: string }[] }) {
  const all = [...BUILT_IN_VIEWS, ...own];
  const mine = own.find((v) => v.query === query);
  return (
    <div className="mb-3 flex flex-col gap-2">
      <nav aria-label="Views" className="flex flex-wrap gap-1">
        {all.map((v) => (
          <Link
            key={`${v.name} ${v.query}`}
            href={`/audit?${v.query}`}
            aria-current={v.query === query ? "true" : undefined}
            className={CHIP}
          >
            {v.name}
          </Link>
        ))}
      </nav>
      {mine !== undefined && (
        <ActButton
          action={removeViewAction}
          fields={{ id: mine.id }}
          label={`Remove the view ${mine.name}`}
          busy="Removing…"
          look="quiet"
          small
        >
          Remove the view “{mine.name}”
        </ActButton>
      )}
      {query !== "" && !all.some((v) => v.query === query) && (
        <details className="text-xs">
          <summary className="cursor-pointer text-ink-2">Keep this filter as a view</summary>
          <Form
            action={saveViewAction}
            label="Keep this filter as a view"
            className="mt-2 flex max-w-sm flex-col gap-2"
          >
            <input type="hidden" name="query" value={query} />
            <TextField name="name" label="Name" required help="Only you see it." />
            <FormError fields={["name"]} />
            <div>
              <Submit busy="Keeping…" small>
                Keep
              </Submit>
            </div>
          </Form>
        </details>
      )}
    </div>
  );
}
