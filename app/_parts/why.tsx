import { BellOff, BellRing, Clock } from "lucide-react";
import type { WhyAnswer } from "#lib/queries/incident/why";
import { Empty } from "../_ui/empty.tsx";
import { Moment } from "../_ui/moment.tsx";

const WAITS = new Set<WhyAnswer["reason"]>(["pending", "not_due"]);

/** One answer per sink and step, in the order in which it was decided; what is still to come stands last. */
export function Why({ answers }: { answers: WhyAnswer[] }) {
  if (answers.length === 0)
    return (
      <Empty title="Nothing was decided yet">
        The first decision follows within a moment of the incident's opening.
      </Empty>
    );
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {answers.map((answer, index) => {
        const Icon = answer.paged ? BellRing : WAITS.has(answer.reason) ? Clock : BellOff;
        const word = answer.paged ? "Told" : WAITS.has(answer.reason) ? "Waits" : "Not told";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: answers come in the order of their decisions and have no id
          <li key={index} className="grid grid-cols-[1rem_minmax(0,1fr)] gap-x-3 px-3 py-2 text-sm">
            <Icon
              size={14}
              className={answer.paged ? "mt-0.5 text-ink" : "mt-0.5 text-ink-3"}
              aria-label={word}
              role="img"
            />
            <div className="min-w-0">
              <p className="flex flex-wrap items-baseline gap-x-2">
                <span className="font-medium break-words">{answer.sinkName}</span>
                {answer.via !== undefined && <span className="text-xs break-words text-ink-2">{answer.via}</span>}
                {answer.step !== null && (
                  <span className="text-xs text-ink-2">
                    step {answer.step}
                    {answer.afterMinutes === null
                      ? ""
                      : answer.afterMinutes === 0
                        ? ", at once"
                        : `, after ${answer.afterMinutes} min`}
                  </span>
                )}
                {answer.at !== null && (
                  <span className="ml-auto text-xs text-ink-2">
                    <Moment at={answer.at} />
                  </span>
                )}
              </p>
              <p className="break-words text-ink-2">{answer.sentence}</p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
