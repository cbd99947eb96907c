"use client";
import { TriangleAlert } from "lucide-react";
import type { Answer } from "#lib/domain/event";
import { explain } from "#lib/domain/explain";
import type { PolicyStep, SinkFacts } from "#lib/domain/policy";
import { SEVERITY_MEANING, SeverityBadge } from "../../../_ui/severity-badge.tsx";

const SHOWN = ["P1", "P2", "P3"] as const;
const WORDS: Partial<Record<Answer, string>> = {
  told: "is told",
  already_told: "was told before",
  sink_disabled: "is disabled, not told",
};

/** Who would be told what and when, by the same rule that the worker follows. */
export function Preview({
  steps,
  sinks,
  narrow = false,
}: {
  steps: PolicyStep[];
  sinks: SinkFacts[];
  narrow?: boolean;
}) {
  return (
    <section aria-label="Who would be told">
      <h2 className="mb-2 text-sm font-semibold">Who would be told</h2>
      <ul className={narrow ? "grid grid-cols-1 gap-3" : "grid grid-cols-1 gap-3 lg:grid-cols-3"}>
        {SHOWN.map((severity) => {
          const preview = explain({ name: "", steps }, severity, sinks);
          return (
            <li key={severity} className="rounded-lg border bg-panel p-4">
              <h3 className="flex items-center gap-2 text-sm">
                <SeverityBadge severity={severity} /> {SEVERITY_MEANING[severity]}
              </h3>
              <ol className="mt-2 flex flex-col gap-2 text-sm">
                {preview.steps.map((step) => {
                  const answers = step.answers.filter((a) => a.answer in WORDS);
                  return (
                    <li key={step.afterMinutes} className="grid grid-cols-[4.5rem_minmax(0,1fr)] gap-2">
                      <span className="text-ink-2">
                        {step.afterMinutes === 0 ? "at once" : `${step.afterMinutes} min`}
                      </span>
                      {answers.length === 0 ? (
                        <span className="text-ink-2">nobody new</span>
                      ) : (
                        <ul>
                          {answers.map((a) => (
                            <li key={a.sinkId} className={a.answer === "told" ? "font-medium" : "text-ink-2"}>
                              {a.sinkName} {WORDS[a.answer]}
                            </li>
                          ))}
                        </ul>
                      )}
                    </li>
                  );
                })}
              </ol>
              {preview.warnings.length > 0 && (
                <ul className="mt-3 flex flex-col gap-1.5 border-t pt-3 text-xs">
                  {preview.warnings.map((warning) => (
                    <li key={warning} className="flex gap-1.5">
                      <TriangleAlert size={13} className="mt-0.5 shrink-0 text-degraded" aria-hidden="true" /> {warning}
                    </li>
                  ))}
                </ul>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
