import type { RequestNow } from "#lib/queries/request";
import { asStatus } from "#lib/queries/words";
import { Moment } from "../_ui/moment.tsx";
import { Panel, Section } from "../_ui/page-head.tsx";
import { StatusMark } from "../_ui/status-mark.tsx";
import { StepMark } from "../_ui/step-mark.tsx";

/** A probe asked for by hand, step by step as the worker writes them; the page follows by live refresh and can be left. */
export function LiveProbe({
  request,
  cities,
  firstLook,
}: {
  request: RequestNow;
  cities: Record<string, string>;
  firstLook: boolean;
}) {
  const regions = [...new Set(request.progress.map((line) => line.region))];
  const working = request.state === "pending" || request.state === "running";
  return (
    <Section title={firstLook ? "First look" : "Look asked for by hand"} aside={<Moment at={request.createdAt} />}>
      <Panel>
        <div role="status" aria-live="polite" className="text-sm">
          {request.state === "pending" && (
            <p className="text-ink-2">Waiting for a worker to take it. You can leave this page; the result stays.</p>
          )}
          {request.state === "running" && <p className="text-ink-2">Looking from every region…</p>}
          {request.state === "failed" && <p className="text-down">{request.failure}</p>}
          {request.state === "done" && <p>Done. From here on it is checked at its interval.</p>}
        </div>
        <div className="mt-3 grid gap-4 empty:hidden lg:grid-cols-3">
          {regions.map((region) => {
            const lines = request.progress.filter((line) => line.region === region);
            const verdict = lines.findLast((line) => line.verdict !== undefined)?.verdict;
            return (
              <section key={region} aria-label={cities[region] ?? region}>
                <h3 className="flex items-center justify-between border-b pb-1 text-sm font-medium">
                  {cities[region] ?? region}
                  {verdict !== undefined ? (
                    <StatusMark status={asStatus(verdict.status)} />
                  ) : (
                    working && <span className="text-xs text-ink-2">looking…</span>
                  )}
                </h3>
                <ol className="mt-1.5 flex flex-col gap-1">
                  {lines
                    .filter((line) => line.verdict === undefined)
                    .map((line, index) => (
                      <li
                        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever appended
                        key={`${index} ${line.title}`}
                        className="enter grid grid-cols-[1rem_1fr_auto] items-baseline gap-1.5 text-xs"
                      >
                        <StepMark went={line.ok ? "well" : "wrong"} />
                        <span className="min-w-0 break-words">
                          <span className="font-mono">{line.title}</span>
                          {line.detail !== "" && <span className="block text-ink-2">{line.detail}</span>}
                        </span>
                        <span className="tabular text-ink-2">{Math.round(line.ms)} ms</span>
                      </li>
                    ))}
                </ol>
                {verdict !== undefined && <p className="mt-2 text-xs text-ink-2">{verdict.sentence}</p>}
              </section>
            );
          })}
        </div>
      </Panel>
    </Section>
  );
}
