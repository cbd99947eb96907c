import type { ShownCheck } from "#lib/queries/extra-checks";
import { asStatus } from "#lib/queries/words";
import { CHECK_KINDS } from "#lib/domain/extra-check/index";
import { Confirm } from "../../_ui/confirm.tsx";
import { ActButton } from "../../_ui/form.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { Facts, Panel } from "../../_ui/page-head.tsx";
import { StatusMark } from "../../_ui/status-mark.tsx";
import { CheckForm } from "./check-form.tsx";
import type { CheckActions } from "./checks-view.tsx";

export function CheckCard({
  check,
  actions,
  mayChange,
}: {
  check: ShownCheck;
  actions: CheckActions;
  mayChange: boolean;
}) {
  const kind = CHECK_KINDS[check.kind];
  return (
    <Panel>
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h3 className="text-sm font-semibold break-words">{check.name}</h3>
          <p className="text-xs text-ink-2">
            {kind.name}, every {check.everyS / 60} min
          </p>
        </div>
        {check.paused ? (
          <span className="text-sm text-ink-2">Paused</span>
        ) : (
          <StatusMark status={check.status} {...(check.status === "up" && { word: "As agreed" })} />
        )}
      </div>
      <ul
        className="mt-3 flex flex-col gap-1.5 text-sm empty:hidden"
        aria-label={`What the regions saw of ${check.name}`}
      >
        {check.looks.map((look) => (
          <li key={look.region} className="grid grid-cols-[minmax(5rem,8rem)_minmax(0,1fr)_auto] gap-x-3">
            <span className="truncate font-medium">{look.city}</span>
            <span className="min-w-0 break-words">
              <StatusMark status={look.status} /> <span className="text-ink-2">{look.sentence}</span>
            </span>
            <span className="text-xs whitespace-nowrap text-ink-2">
              {look.at === null ? "never" : <Moment at={look.at} />}
            </span>
          </li>
        ))}
      </ul>
      <div className="mt-3">
        <Facts
          rows={[
            ["Looks today", `${check.usedToday.toLocaleString("en")} of ${check.callsPerDay.toLocaleString("en")}`],
            ["Tried", <Trial key="t" trial={check.trial} />],
          ]}
        />
      </div>
      {mayChange && (
        <div className="mt-3 flex flex-col gap-3 border-t pt-3">
          <div className="flex flex-wrap gap-2">
            <ActButton
              action={actions.tryIt}
              fields={{ checkId: check.id }}
              busy="Asking…"
              small
              label={`Try ${check.name}`}
            >
              Try now
            </ActButton>
            <Confirm
              trigger="Remove"
              small
              title={`Remove ${check.name}?`}
              consequence="It is not looked at any more. What is open because of it closes by itself."
              verb="Remove check"
              busy="Removing…"
              action={actions.remove}
              fields={{ checkId: check.id }}
            />
          </div>
          <details>
            <summary className="cursor-pointer text-sm font-medium">Change</summary>
            <div className="mt-3">
              <CheckForm
                action={actions.change}
                ids={{ checkId: check.id }}
                kind={check.kind}
                fields={kind.fields}
                values={check.settings}
                start={check}
                label={`Change ${check.name}`}
              />
            </div>
          </details>
        </div>
      )}
    </Panel>
  );
}

function Trial({ trial }: { trial: ShownCheck["trial"] }) {
  if (trial === null) return <span className="text-ink-2">not tried</span>;
  if (trial.state === "failed") return <span>{trial.failure}</span>;
  const verdict = trial.progress.findLast((line) => line.verdict !== undefined)?.verdict;
  if (verdict === undefined) return <span className="text-ink-2">under way…</span>;
  return (
    <span role="status" className="break-words">
      <StatusMark status={asStatus(verdict.status)} /> <span className="text-ink-2">{verdict.sentence}</span>{" "}
      <Moment at={trial.createdAt} />
    </span>
  );
}
