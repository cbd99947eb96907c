import type { ServerDetail, ShownStep } from "#lib/queries/server";
import { Empty } from "../_ui/empty.tsx";
import { Moment } from "../_ui/moment.tsx";
import { Section } from "../_ui/page-head.tsx";
import { StatusMark } from "../_ui/status-mark.tsx";
import { StepMark } from "../_ui/step-mark.tsx";

export type ShownTranscript = Omit<ServerDetail["transcripts"][number], "steps"> & { steps: Step[] };
/** What was answered and said on the wire is shown where it may be. */
type Step = Pick<ShownStep, "title" | "status" | "durationMs"> & {
  error: { code: string; detail?: string } | null;
  bodyHead?: string;
};

/** What was sent and what came back, per region: the latest check and the latest one that failed. */
export function Transcripts({ transcripts }: { transcripts: ShownTranscript[] }) {
  return (
    <Section title="Last checks, step by step">
      {transcripts.length === 0 ? (
        <Empty title="No check recorded yet">The first one appears here with every step it took.</Empty>
      ) : (
        <div className="flex flex-col gap-2">
          {transcripts.map((t) => (
            <details key={`${t.region} ${t.kind}`} className="group rounded-lg border bg-panel">
              <summary className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-sm">
                <span className="font-medium">{t.city}</span>
                <StatusMark status={t.status} />
                {t.reason !== null && <span className="text-ink-2">{t.reason}</span>}
                <span className="ml-auto text-xs text-ink-2">
                  {t.kind === "failing" ? "last failing check, " : "latest check, "}
                  <Moment at={t.slot} />
                </span>
              </summary>
              <ol className="border-t px-3 py-2">
                {t.steps.map((step, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: steps are a finished list in their order
                  <li key={`${index} ${step.title}`} className="border-b py-2 text-xs last:border-b-0">
                    <div className="flex flex-wrap items-baseline gap-x-3">
                      <StepMark
                        went={
                          step.error !== null ? "wrong" : step.status === null || step.status < 400 ? "well" : "refused"
                        }
                      />
                      <span className="font-mono text-sm">{step.title}</span>
                      {step.status !== null && <span className="font-mono">{step.status}</span>}
                      {step.error !== null && <span className="font-mono text-down">{step.error.code}</span>}
                      <span className="tabular ml-auto text-ink-2">{step.durationMs} ms</span>
                    </div>
                    {step.error?.detail && <p className="mt-1 break-words text-ink-2">{step.error.detail}</p>}
                    {step.bodyHead && (
                      <section
                        // biome-ignore lint/a11y/noNoninteractiveTabindex: a frame that scrolls must be reachable by keyboard
                        tabIndex={0}
                        aria-label={`Start of the answer to ${step.title}`}
                        className="mt-1 max-h-40 overflow-auto rounded bg-raised p-2 font-mono text-2xs break-all whitespace-pre-wrap"
                      >
                        {step.bodyHead}
                      </section>
                    )}
                  </li>
                ))}
              </ol>
            </details>
          ))}
        </div>
      )}
    </Section>
  );
}
