"use client";
import { useState } from "react";
import type { ListedPolicy } from "#lib/domain/policy";
import type { PoliciesNow } from "#lib/queries/policy";
import { Button } from "../../../_ui/button.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { savePolicyAction } from "../actions.ts";
import { MatcherEditor } from "./matcher-editor.tsx";
import { Preview } from "./preview.tsx";
import { StepEditor } from "./step-editor.tsx";

const MAX_STEPS = 10;
const SMALL = "h-8 rounded-md border border-line-strong bg-panel px-2 text-sm text-ink";
const EVERY = [5, 10, 15, 30, 60, 120, 240];

/** Matchers, steps and repeats, with the preview changing as one edits and before anything is saved. */
export function PolicyEditor({
  policy: stored,
  isNew,
  data,
}: {
  policy: ListedPolicy;
  isNew: boolean;
  data: PoliciesNow;
}) {
  const [policy, setPolicy] = useState(stored);
  const change = (next: Partial<ListedPolicy>) => setPolicy((p) => ({ ...p, ...next }));
  const { steps } = policy;
  const dirty = isNew || JSON.stringify(policy) !== JSON.stringify(stored);
  const saved = data.policies.map((p) => (p.id === stored.id ? policy : p));
  // A new one is asked after those that are there, and before the default.
  const after = isNew ? [...saved.slice(0, -1), policy, ...saved.slice(-1)] : saved;
  return (
    <Form action={savePolicyAction} label="Routes" className="flex flex-col gap-5">
      <input type="hidden" name="policyId" value={isNew ? "new" : (stored.id ?? "")} />
      <input type="hidden" name="matchers" value={JSON.stringify(policy.matchers)} />
      <input type="hidden" name="steps" value={JSON.stringify(steps)} />
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex flex-col gap-3">
          <label className="flex flex-wrap items-center gap-2 text-sm">
            <span className="font-medium">Name</span>
            <input
              name="name"
              value={policy.name}
              maxLength={80}
              onChange={(e) => change({ name: e.target.value })}
              className={`${SMALL} min-w-0 flex-1 basis-48`}
            />
          </label>
          {stored.isDefault ? (
            <p className="text-sm text-ink-2">It holds for everything that no policy before it takes, and stays.</p>
          ) : (
            <MatcherEditor
              matchers={policy.matchers}
              servers={data.servers}
              onChange={(matchers) => change({ matchers })}
            />
          )}
          <ol className="flex flex-col gap-3">
            {steps.map((step, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a step has no identity but its place
              <li key={index} className="rounded-lg border bg-panel p-4">
                <StepEditor
                  step={step}
                  index={index}
                  data={data}
                  onChange={(next) => change({ steps: steps.map((s, i) => (i === index ? next : s)) })}
                  {...(steps.length > 1 && { onRemove: () => change({ steps: steps.filter((_, i) => i !== index) }) })}
                />
              </li>
            ))}
          </ol>
          {steps.length < MAX_STEPS && (
            <div>
              <Button
                small
                onClick={() =>
                  change({
                    steps: [
                      ...steps,
                      { afterMinutes: Math.min(1440, (steps.at(-1)?.afterMinutes ?? 0) + 10), targets: [] },
                    ],
                  })
                }
              >
                Add a step
              </Button>
            </div>
          )}
          <div className="flex flex-wrap items-center gap-2 text-sm text-ink-2">
            <label className="inline-flex items-center gap-2">
              After the last step tell those who can be woken again
              <select
                name="repeat"
                value={policy.repeat ?? 0}
                onChange={(e) => change({ repeat: Number(e.target.value) })}
                className={SMALL}
              >
                <option value={0}>never</option>
                <option value={1}>once</option>
                <option value={2}>twice</option>
                <option value={3}>three times</option>
              </select>
            </label>
            <label className="inline-flex items-center gap-2">
              every
              <select
                name="repeatMinutes"
                value={policy.repeatMinutes ?? 15}
                onChange={(e) => change({ repeatMinutes: Number(e.target.value) })}
                className={SMALL}
              >
                {[...new Set([...EVERY, policy.repeatMinutes ?? 15])]
                  .sort((a, b) => a - b)
                  .map((m) => (
                    <option key={m} value={m}>
                      {m} min
                    </option>
                  ))}
              </select>
            </label>
          </div>
        </div>
        <div className="lg:sticky lg:top-6">
          <Preview policies={after} shown={policy} data={data} narrow />
        </div>
      </div>
      <FormError />
      <div className="flex items-center gap-3">
        <Submit busy="Saving…">Save routes</Submit>
        {dirty && !isNew && (
          <Button look="quiet" onClick={() => setPolicy(stored)}>
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
