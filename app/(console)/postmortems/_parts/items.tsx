import Link from "next/link";
import type { ItemRow } from "#lib/queries/postmortems";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { addActionItemAction, changeActionItemAction } from "../actions.ts";

const KINDS = [
  { value: "prevent", label: "Prevent: it does not happen" },
  { value: "detect", label: "Detect: it is seen sooner" },
  { value: "mitigate", label: "Mitigate: it hurts less" },
];
const DEGREES = ["1", "2", "3"].map((value) => ({
  value,
  label: ["little", "some", "much"][Number(value) - 1] ?? value,
}));
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

/** Overdue first, then what helps most for the least work. */
export function ItemList({ rows, mayChange, named }: { rows: ItemRow[]; mayChange: boolean; named: boolean }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((row) => {
        const { id: itemId, kind, title, owner, impact, effort } = row;
        const same = { itemId, kind, title, owner, dueOn: day(row.dueAt), impact: `${impact}`, effort: `${effort}` };
        return (
          <li key={itemId} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
            <span className="min-w-0 flex-1 basis-60">
              <span className="font-medium break-words">{title}</span>
              <span className="block text-xs text-ink-2">
                {kind}, {owner}, impact {impact} × effort {effort}
                {named && (
                  <>
                    ,{" "}
                    <Link href={`/postmortems/${row.incidentId}`} className="underline underline-offset-2">
                      {row.incident}
                    </Link>
                  </>
                )}
              </span>
            </span>
            <span className={row.overdue ? "text-xs font-medium text-down" : "text-xs text-ink-2"}>
              {row.state === "open" ? (row.overdue ? "■ overdue, was due " : "due ") : `${row.state}, was due `}
              <Moment at={row.dueAt} />
            </span>
            {mayChange && row.state === "open" && (
              <>
                <ActButton
                  action={changeActionItemAction}
                  fields={{ ...same, state: "done" }}
                  busy="…"
                  small
                  label={`Done: ${title}`}
                >
                  Done
                </ActButton>
                <ActButton
                  action={changeActionItemAction}
                  fields={{ ...same, state: "dropped" }}
                  busy="…"
                  small
                  label={`Drop: ${title}`}
                >
                  Drop
                </ActButton>
              </>
            )}
            {mayChange && row.state !== "open" && (
              <ActButton
                action={changeActionItemAction}
                fields={{ ...same, state: "open" }}
                busy="…"
                small
                label={`Open again: ${title}`}
              >
                Open again
              </ActButton>
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function AddItem({ incidentId }: { incidentId: string }) {
  return (
    <Form action={addActionItemAction} label="Add an action item" clear>
      <input type="hidden" name="incidentId" value={incidentId} />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField name="title" label="What is to be done" required />
        <TextField name="owner" label="Who does it" required />
        <SelectField name="kind" label="What for" options={KINDS} value="prevent" />
        <TextField name="dueOn" label="Until (UTC)" required placeholder="2026-12-01" help="Year, month, day." />
        <SelectField name="impact" label="Impact" options={DEGREES} value="2" />
        <SelectField name="effort" label="Effort" options={DEGREES} value="2" />
      </div>
      <FormError fields={["title", "owner", "kind", "dueOn", "impact", "effort"]} />
      <div>
        <Submit busy="Adding…">Add</Submit>
      </div>
    </Form>
  );
}
