import Link from "next/link";
import type { DeliveryRow } from "#lib/queries/deliveries";
import { ActButton } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";

const STATE: Record<DeliveryRow["state"], { word: string; ink: string }> = {
  pending: { word: "Waiting", ink: "text-ink" },
  leased: { word: "Sending", ink: "text-ink" },
  sent: { word: "Sent", ink: "text-ink-2" },
  dead: { word: "Dead", ink: "text-down font-semibold" },
  withheld: { word: "Not sent", ink: "text-ink-2" },
};
const RECEIPT: Record<NonNullable<DeliveryRow["receipt"]>, string> = {
  confirmed: "Confirmed: the vendor says that it is done.",
  waiting: "Accepted, not confirmed yet: the vendor works later and is asked what came of it.",
  unknown: "Accepted, never confirmed: the vendor did not say what came of it.",
};
const KIND: Record<string, string> = {
  trigger: "Trigger",
  update: "Update",
  acknowledge: "Acknowledge",
  resolve: "Resolve",
  test: "Test",
  visit: "Visit",
  digest: "Digest",
  challenge: "Challenge",
  reminder: "Reminder",
};

/** Deliveries with their tries and the reason of each; a dead one can be sent again. */
export function DeliveryList({
  rows,
  again,
  bySink,
  base = "",
}: {
  rows: DeliveryRow[];
  /** Sends one again; absent for whoever may not. */
  again?: FormAction | undefined;
  bySink: boolean;
  base?: "" | "/portal";
}) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.id} className="px-3 py-2 text-sm">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className={`w-16 ${STATE[row.state].ink}`}>{STATE[row.state].word}</span>
            <span className="font-medium">{KIND[row.kind] ?? row.kind}</span>
            {bySink ? (
              row.incidentId !== null && (
                <Link
                  href={`${base}/incidents/${row.incidentId}`}
                  className="min-w-0 truncate text-ink-2 underline underline-offset-2 hover:text-ink"
                >
                  {row.incident ?? "its incident"}
                </Link>
              )
            ) : (
              <Link href={`${base}/sinks/${row.sinkId}`} className="hover:underline">
                {row.sinkName}{" "}
                {row.sinkKind !== "" && row.sinkKind !== row.sinkName && (
                  <span className="text-ink-2">{row.sinkKind}</span>
                )}
              </Link>
            )}
            <span className="ml-auto text-xs text-ink-2">
              {row.state === "pending" && row.tries.length > 0 ? (
                <>
                  next try due <Moment at={row.dueAt} />
                </>
              ) : (
                <Moment at={row.settledAt ?? row.createdAt} />
              )}
            </span>
          </div>
          {row.waits !== null && <p className="mt-0.5 text-xs break-words sm:pl-19">{row.waits}</p>}
          {row.receipt !== null && <p className="mt-0.5 text-xs text-ink-2 sm:pl-19">{RECEIPT[row.receipt]}</p>}
          {row.reason !== "" && row.state !== "sent" && (
            <p className="mt-0.5 text-xs break-words text-ink-2 sm:pl-19">{row.reason}</p>
          )}
          {row.mayHaveArrived && row.state !== "sent" && (
            <p className="mt-0.5 text-xs text-ink-2 sm:pl-19">
              An earlier try may have arrived: nobody accepted it, and it may have been worked on.
            </p>
          )}
          <div className="flex flex-wrap items-start gap-x-4 sm:pl-19">
            {row.tries.length > 0 && (
              <details className="mt-1 min-w-0 flex-1 text-xs">
                <summary className="text-ink-2 hover:text-ink">
                  {row.tries.length === 1 ? "1 try" : `${row.tries.length} tries`}
                </summary>
                <ol className="mt-1 flex flex-col gap-1">
                  {row.tries.map((t) => (
                    <li key={t.number} className="flex flex-wrap gap-x-3 break-words text-ink-2">
                      <span className="tabular">{t.number}.</span>
                      <Moment at={t.at} />
                      <span className="text-ink">
                        {{
                          sent: "accepted",
                          retry: "not accepted, tried again",
                          dead: "given up",
                          lost: "lost with its process",
                        }[t.outcome] ?? t.outcome}
                      </span>
                      {t.status !== null && <span className="font-mono">{t.status}</span>}
                      <span className="tabular">{t.durationMs} ms</span>
                      <span className="min-w-0 break-words">{t.reason}</span>
                    </li>
                  ))}
                </ol>
              </details>
            )}
            {row.state === "dead" && again !== undefined && (
              <div className="mt-1">
                <ActButton
                  action={again}
                  fields={{ deliveryId: row.id }}
                  busy="Queueing…"
                  small
                  label={`Send the ${row.kind} again`}
                >
                  Send again
                </ActButton>
              </div>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
