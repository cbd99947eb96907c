"use client";
import type { PolicyStep } from "#lib/domain/policy";
import type { Severity } from "#lib/domain/reason";
import type { PoliciesNow } from "#lib/queries/policy";
import { Button } from "../../../_ui/button.tsx";

const TOLD = ["P1", "P2", "P3"] as const satisfies Severity[];
type Target = PolicyStep["targets"][number];
type Key = "sinkId" | "scheduleId" | "personId";
const NUMBER = "h-8 w-20 rounded-md border border-line-strong bg-panel px-2 text-sm text-ink";

/** One step: after how long, and whom it tells of what: sinks, whoever is on call, people. */
export function StepEditor({
  step,
  index,
  data,
  onChange,
  onRemove,
}: {
  step: PolicyStep;
  index: number;
  data: PoliciesNow;
  onChange(next: PolicyStep): void;
  /** Absent where it is the only one. */
  onRemove?: () => void;
}) {
  const toggle = (key: Key, id: string, severity: Severity) => {
    const had = step.targets.find((t) => t[key] === id)?.severities ?? [];
    const severities = had.includes(severity) ? had.filter((s) => s !== severity) : [...had, severity].sort();
    const others = step.targets.filter((t) => t[key] !== id);
    const next = { [key]: id, severities } as Target;
    onChange({ ...step, targets: severities.length === 0 ? others : [...others, next] });
  };
  const named = new Set(step.targets.flatMap((t) => t.personId ?? []));
  const rows: { key: Key; id: string; name: string; words: string }[] = [
    ...data.sinks.map((s) => ({
      ...{ key: "sinkId" as const, id: s.id, name: s.name },
      words: `${s.wakes ? "wakes people" : s.tells}${s.enabled ? "" : ", disabled"}${s.proven ? "" : ", not proven"}`,
    })),
    ...data.roster.schedules.map((s) => ({
      key: "scheduleId" as const,
      id: s.id,
      name: s.name,
      words: "whoever is on call",
    })),
    ...data.roster.people
      .filter((p) => p.sinkIds.length > 0 || named.has(p.id))
      .map((p) => ({
        ...{ key: "personId" as const, id: p.id, name: p.name },
        words: p.sinkIds.length === 0 ? "a person without a contact" : "a person",
      })),
  ];
  return (
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
                onChange={(e) => onChange({ ...step, afterMinutes: whole(e.target.value, 0, 1440) })}
                className={NUMBER}
              />
              minutes without an acknowledgement
            </label>
          )}
        </span>
      </legend>
      <ul className="divide-y">
        {rows.map(({ key, id, name, words }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-1.5 text-sm">
            <span className="min-w-40 flex-1 break-words">
              {name}
              <span className="ml-2 text-xs text-ink-2">{words}</span>
            </span>
            <span className="flex gap-4">
              {TOLD.map((severity) => (
                <label key={severity} className="inline-flex min-h-6 items-center gap-1.5 font-mono text-xs">
                  <input
                    type="checkbox"
                    className="size-4 accent-(--ink)"
                    checked={step.targets.find((t) => t[key] === id)?.severities.includes(severity) ?? false}
                    onChange={() => toggle(key, id, severity)}
                  />
                  <span className="sr-only">
                    {name}, step {index + 1}:{" "}
                  </span>
                  {severity}
                </label>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {onRemove !== undefined && (
        <div className="mt-2">
          <Button look="quiet" small onClick={onRemove}>
            Take step {index + 1} out
          </Button>
        </div>
      )}
    </fieldset>
  );
}

export const whole = (text: string, min: number, max: number): number =>
  Math.max(min, Math.min(max, Math.floor(Number(text) || 0)));
