import type { ListedPolicy } from "#lib/domain/policy";
import type { PoliciesNow } from "#lib/queries/policy";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Confirm } from "../../../_ui/confirm.tsx";
import { ActButton } from "../../../_ui/form.tsx";
import { movePolicyAction, removePolicyAction } from "../actions.ts";
import { Warnings } from "./preview.tsx";
import { matcherWords, stepsWords } from "./words.ts";

/** The policies in the order in which they are asked. */
export function PolicyList({
  data,
  warnings,
  shown,
  mayChange,
}: {
  data: PoliciesNow;
  /** By the policy's place. */
  warnings: readonly string[][];
  shown: ListedPolicy | null;
  mayChange: boolean;
}) {
  const { people, schedules } = data.roster;
  const names = Object.fromEntries([...data.sinks, ...people, ...schedules].map(({ id, name }) => [id, name]));
  const last = data.policies.length - 2;
  return (
    <ol className="divide-y rounded-lg border bg-panel">
      {data.policies.map((policy, index) => (
        <li
          key={policy.id ?? "default"}
          aria-current={policy === shown || undefined}
          className="flex flex-wrap items-start gap-x-4 gap-y-2 px-3 py-2.5 text-sm aria-[current=true]:bg-raised"
        >
          <span className="w-5 shrink-0 pt-0.5 text-right font-mono text-xs text-ink-2">{index + 1}</span>
          <div className="min-w-0 flex-1 basis-64">
            <p className="font-medium break-words">{policy.name}</p>
            <p className="text-xs break-words text-ink-2">
              {policy.isDefault
                ? "everything else"
                : policy.matchers.length === 0
                  ? "everything"
                  : policy.matchers.map((m) => matcherWords(m, data.servers)).join("; ")}
            </p>
            <ul className="mt-1 text-xs break-words">
              {stepsWords(policy, names).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            <Warnings list={warnings[index] ?? []} />
          </div>
          {mayChange && (
            <span className="flex flex-wrap items-center gap-1.5">
              {!policy.isDefault && policy.id !== null && (
                <>
                  {index > 0 && <Move policy={policy} direction="up" word="Earlier" />}
                  {index < last && <Move policy={policy} direction="down" word="Later" />}
                  <Confirm
                    trigger="Remove"
                    triggerLook="quiet"
                    small
                    title={`Remove the policy ${policy.name}?`}
                    consequence="What it took is told by the next policy that matches, at last by the default. Open incidents keep it."
                    verb="Remove policy"
                    busy="Removing…"
                    action={removePolicyAction}
                    fields={{ policyId: policy.id }}
                  />
                </>
              )}
              <ButtonLink small href={policy.isDefault ? "/routes" : `/routes?policy=${policy.id}`}>
                Edit<span className="sr-only"> {policy.name}</span>
              </ButtonLink>
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

function Move({ policy, direction, word }: { policy: ListedPolicy; direction: string; word: string }) {
  return (
    <ActButton
      action={movePolicyAction}
      fields={{ policyId: policy.id ?? "", direction }}
      label={`${word}: ${policy.name}`}
      busy="Moving…"
      look="quiet"
      small
    >
      {word}
    </ActButton>
  );
}
