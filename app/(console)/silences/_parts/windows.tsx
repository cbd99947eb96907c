import type { WindowRow } from "#lib/queries/windows";
import { Confirm } from "../../../_ui/confirm.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Panel, Section } from "../../../_ui/page-head.tsx";
import { removeWindowAction } from "../actions.ts";
import { EditWindow } from "./edit-window.tsx";

/** Planned work that comes again: what there is, when each comes next, and the form with its preview. */
export function Windows({
  rows,
  servers,
  mayChange,
}: {
  rows: WindowRow[];
  servers: { id: string; name: string }[];
  mayChange: boolean;
}) {
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((z) => z !== "UTC")];
  return (
    <Section title="Maintenance windows">
      {rows.length === 0 ? (
        <Empty title="No maintenance is planned">
          Work that comes again, or later, is planned once: nobody is told while it lasts, whatever the clocks do.
        </Empty>
      ) : (
        <ul className="divide-y rounded-lg border bg-panel">
          {rows.map((row) => (
            <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
              <div className="min-w-0 flex-1 basis-60">
                <span className="font-medium break-words">
                  {row.servers.length === 0 ? "Every server" : row.servers.join(", ")}
                </span>
                <span className="ml-2 break-words text-ink-2">{row.comment}</span>
                <span className="block text-xs text-ink-2">
                  {row.words}
                  {row.by !== "" && `, by ${row.by}`}
                </span>
                {mayChange && (
                  <details className="mt-1">
                    <summary className="cursor-pointer text-xs text-ink-2">Change</summary>
                    <div className="py-3">
                      <EditWindow servers={servers} zones={zones} window={row} />
                    </div>
                  </details>
                )}
              </div>
              <span className="text-xs text-ink-2">
                {row.next === null ? (
                  "does not come any more"
                ) : row.underWay ? (
                  <>
                    under way, ends <Moment at={row.next.end} />
                  </>
                ) : (
                  <>
                    next <Moment at={row.next.start} />
                  </>
                )}
              </span>
              {mayChange && (
                <Confirm
                  trigger="Remove"
                  triggerLook="plain"
                  small
                  title={`Remove the window “${row.comment}”?`}
                  consequence={
                    row.underWay
                      ? "It ends now: what is wrong there is told at once, as the routes say."
                      : "It does not come any more, and whatever fails then is told."
                  }
                  verb="Remove window"
                  busy="Removing…"
                  action={removeWindowAction}
                  fields={{ windowId: row.id }}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <details className="mt-3 max-w-3xl rounded-lg border bg-panel px-4 py-2">
          <summary className="cursor-pointer text-sm font-medium">Plan maintenance</summary>
          <Panel className="mt-2 border-0 p-0 py-3">
            <EditWindow servers={servers} zones={zones} />
          </Panel>
        </details>
      )}
    </Section>
  );
}
