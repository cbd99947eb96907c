import type { SelftestFacts } from "#lib/domain/selftest";
import type { HeartbeatRow } from "#lib/queries/heartbeats";
import { Confirm } from "../../../_ui/confirm.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Panel, Section } from "../../../_ui/page-head.tsx";
import { removeHeartbeatAction } from "../actions.ts";
import { AddHeartbeat } from "./add-heartbeat.tsx";

/** The self-test, and who outside hears that it comes through. */
export function Heartbeats({
  rows,
  selftest,
  mayChange,
  own,
}: {
  rows: HeartbeatRow[];
  selftest: SelftestFacts;
  mayChange: boolean;
  own: boolean;
}) {
  const seen = selftest.lastSeenAt;
  return (
    <Section
      title="Self-test and heartbeats"
      aside={
        seen === null ? (
          "no made-up alert has come through yet"
        ) : (
          <>
            the last made-up alert came through <Moment at={seen.getTime()} />
          </>
        )
      }
    >
      {own && rows.length === 0 && (
        <Empty title="Nobody outside notices when the whole installation stops">
          A service elsewhere that expects a ping each minute does: no ping goes out while anything here stands still.
        </Empty>
      )}
      {rows.length > 0 && (
        <ul className="divide-y rounded-lg border bg-panel">
          {rows.map((row) => (
            <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
              <span className="min-w-0 flex-1 basis-60">
                <span className="font-medium break-words">{row.name}</span>
                <span className="ml-2 text-ink-2">{row.kind}</span>
                {row.problem !== "" && <span className="block text-xs text-down">{row.problem}</span>}
                {row.heldBackAt !== null && (row.pingedAt === null || row.heldBackAt > row.pingedAt) && (
                  <span className="block text-xs text-down">
                    held back <Moment at={row.heldBackAt} />, because something here was not well
                  </span>
                )}
              </span>
              <span className="text-xs text-ink-2">
                {row.pingedAt === null ? (
                  "not taken yet"
                ) : (
                  <>
                    taken <Moment at={row.pingedAt} />
                  </>
                )}
              </span>
              {mayChange && (
                <Confirm
                  trigger="Remove"
                  triggerLook="plain"
                  small
                  title={`Remove the heartbeat ${row.name}?`}
                  consequence="No ping goes there any more, and whoever listens there will hear the silence."
                  verb="Remove heartbeat"
                  busy="Removing…"
                  action={removeHeartbeatAction}
                  fields={{ heartbeatId: row.id }}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {own && mayChange && (
        <details className="mt-3 max-w-2xl rounded-lg border bg-panel px-4 py-2">
          <summary className="cursor-pointer text-sm font-medium">Add a heartbeat</summary>
          <Panel className="mt-2 border-0 p-0 py-3">
            <AddHeartbeat />
          </Panel>
        </details>
      )}
    </Section>
  );
}
