"use client";
import { useState } from "react";
import type { PolicyStep, SinkFacts } from "#lib/domain/policy";
import type { Severity } from "#lib/domain/reason";
import { Button } from "../../../_ui/button.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { savePolicyAction } from "../actions.ts";
import { Preview } from "./preview.tsx";

const TOLD = ["P1", "P2", "P3"] as const satisfies Severity[];
const MAX_STEPS = 10;

/** Steps × sinks × severities, with the preview changing as one edits and before anything is saved. */
export function PolicyEditor({
  steps: stored,
  sinks,
}: {
  steps: PolicyStep[];
  sinks: (SinkFacts & { tells: string })[];
}) {
  const [steps, setSteps] = useState(stored);
  const change = (index: number, next: Partial<PolicyStep>) =>
    setSteps((all) => all.map((step, i) => (i === index ? { ...step, ...next } : step)));
  const toggle = (index: number, sinkId: string, severity: Severity) => {
    const targets = steps[index]?.targets ?? [];
    const had = targets.find((t) => t.sinkId === sinkId)?.severities ?? [];
    const severities = had.includes(severity) ? had.filter((s) => s !== severity) : [...had, severity].sort();
    const others = targets.filter((t) => t.sinkId !== sinkId);
    change(index, { targets: severities.length === 0 ? others : [...others, { sinkId, severities }] });
  };
  const dirty = JSON.stringify(steps) !== JSON.stringify(stored);
  return (
    <Form action={savePolicyAction} label="Routes" className="flex flex-col gap-5">
      <input type="hidden" name="steps" value={JSON.stringify(steps)} />
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex flex-col gap-3">
          <ol className="flex flex-col gap-3">
            {steps.map((step, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a step has no identity but its place
              <li key={index} className="rounded-lg border bg-panel p-4">
                <fieldset>
                  <legend className="contents">
                    <span className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-2 text-sm">
                      <span className="font-semibold">Step {index + 1}</span>
                      {index === 0 && step.afterMinutes === 0 ? (
                        <span className="text-ink-2">at once</span>
                      ) : (
                        <label className="inline-flex items-center gap-2 text-ink-2">
                          after
                          <input
                            type="number"
                            min={0}
                            max={1440}
                            value={step.afterMinutes}
                            onChange={(event) =>
                              change(index, {
                                afterMinutes: Math.max(0, Math.min(1440, Math.floor(Number(event.target.value) || 0))),
                              })
                            }
                            className="h-8 w-20 rounded-md border border-line-strong bg-panel px-2 text-sm text-ink"
                          />
                          minutes without an acknowledgement
                        </label>
                      )}
                    </span>
                  </legend>
                  <ul className="divide-y">
                    {sinks.map((sink) => (
                      <li key={sink.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-1.5 text-sm">
                        <span className="min-w-40 flex-1">
                          {sink.name}
                          <span className="ml-2 text-xs text-ink-2">
                            {sink.wakes ? "wakes people" : sink.tells}
                            {!sink.enabled && ", disabled"}
                          </span>
                        </span>
                        <span className="flex gap-4">
                          {TOLD.map((severity) => (
                            <label
                              key={severity}
                              className="inline-flex min-h-6 items-center gap-1.5 font-mono text-xs"
                            >
                              <input
                                type="checkbox"
                                className="size-4 accent-(--ink)"
                                checked={
                                  step.targets.find((t) => t.sinkId === sink.id)?.severities.includes(severity) ?? false
                                }
                                onChange={() => toggle(index, sink.id, severity)}
                              />
                              <span className="sr-only">
                                {sink.name}, step {index + 1}:{" "}
                              </span>
                              {severity}
                            </label>
                          ))}
                        </span>
                      </li>
                    ))}
                  </ul>
                  {steps.length > 1 && (
                    <div className="mt-2">
                      <Button look="quiet" small onClick={() => setSteps((all) => all.filter((_, i) => i !== index))}>
                        Take step {index + 1} out
                      </Button>
                    </div>
                  )}
                </fieldset>
              </li>
            ))}
          </ol>
          {steps.length < MAX_STEPS && (
            <div>
              <Button
                small
                onClick={() =>
                  setSteps((all) => [
                    ...all,
                    { afterMinutes: Math.min(1440, (all.at(-1)?.afterMinutes ?? 0) + 10), targets: [] },
                  ])
                }
              >
                Add a step
              </Button>
            </div>
          )}
        </div>
        <div className="lg:sticky lg:top-6">
          <Preview steps={steps} sinks={sinks} narrow />
        </div>
      </div>
      <FormError />
      <div className="flex items-center gap-3">
        <Submit busy="Saving…">Save routes</Submit>
        {dirty && (
          <Button look="quiet" onClick={() => setSteps(stored)}>
            Undo changes
          </Button>
        )}
        <span role="status" className="text-xs text-ink-2">
          {dirty ? "Not saved yet" : ""}
        </span>
      </div>
    </Form>
  );
}
