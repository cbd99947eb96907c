"use client";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { Answer, StepAnswer } from "#lib/domain/event";
import { explain, type Explained, possible } from "#lib/domain/explain";
import { choose } from "#lib/domain/matcher";
import type { ListedPolicy } from "#lib/domain/policy";
import { REASON_NAMES, REASONS, type Reason, type Severity } from "#lib/domain/reason";
import { rosterOfFacts } from "#lib/domain/roster";
import type { PoliciesNow } from "#lib/queries/policy";
import { useNow } from "../../../_ui/now.tsx";
import { SEVERITY_MEANING, SeverityBadge } from "../../../_ui/severity-badge.tsx";

const SHOWN = ["P1", "P2", "P3"] as const;
const WORDS: Partial<Record<Answer, string>> = {
  told: "is told",
  told_again: "is told again",
  already_told: "was told before",
  sink_disabled: "is disabled, not told",
  sink_unproven: "is not proven, not told",
  sink_removed: "is not told",
  nobody_on_call: "has nobody on call",
  no_contact: "has no contact, not told",
  person_gone: "is not told",
  schedule_removed: "tells nobody",
};
const BOX = "h-8 w-full rounded-md border border-line-strong bg-panel px-2 text-sm text-ink";
const DAY_MS = 86_400_000;
/** As far as schedules are worked out ahead. */
const PREVIEW_DAYS = 30;

/** Who would be told what and when, by the same rule that the worker follows. */
export function Preview({
  policies,
  shown,
  data,
  narrow = false,
}: {
  /** As they would be if this were saved, the default last. */
  policies: readonly ListedPolicy[];
  /** The one that is looked at while nothing is chosen. */
  shown: ListedPolicy;
  data: PoliciesNow;
  narrow?: boolean;
}) {
  const [server, setServer] = useState("");
  const [reason, setReason] = useState<Reason | "">("");
  const [when, setWhen] = useState("");
  const now = useNow();
  const chosen = when === "" ? now : new Date(when).getTime();
  const at = Number.isFinite(chosen) ? Math.min(Math.max(chosen, now), now + PREVIEW_DAYS * DAY_MS) : now;
  const roster = rosterOfFacts(data.roster);
  const asked = server !== "" || reason !== "";
  const of = (severity: Severity) => {
    if (!asked) return shown;
    const subject = data.servers.find((s) => s.id === server);
    return (
      choose(policies, {
        ...{ severity, reason: reason === "" ? "connection_refused" : reason, kind: "server" as const },
        ...{ serverId: subject?.id ?? null, name: subject?.name ?? "", weight: subject?.weight ?? "own", labels: {} },
      }) ?? shown
    );
  };
  return (
    <section aria-label="Who would be told">
      <h2 className="mb-2 text-sm font-semibold">Who would be told</h2>
      <div className={`mb-3 grid gap-2 text-xs text-ink-2 ${narrow ? "" : "sm:grid-cols-3"}`}>
        <label>
          If this server fails
          <select value={server} onChange={(e) => setServer(e.target.value)} className={BOX}>
            <option value="">{reason === "" ? "any that this policy takes" : "one of one's own, for example"}</option>
            {data.servers.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          for this reason
          <select value={reason} onChange={(e) => setReason(e.target.value as Reason | "")} className={BOX}>
            <option value="">{server === "" ? "any" : "Connection refused, for example"}</option>
            {REASON_NAMES.map((name) => (
              <option key={name} value={name}>
                {REASONS[name].label}
              </option>
            ))}
          </select>
        </label>
        <label>
          at your time (empty: now)
          <input type="datetime-local" value={when} onChange={(e) => setWhen(e.target.value)} className={BOX} />
        </label>
      </div>
      <ul className={narrow ? "grid grid-cols-1 gap-3" : "grid grid-cols-1 gap-3 lg:grid-cols-3"}>
        {SHOWN.map((severity) => {
          const policy = of(severity);
          const elsewhere = new Set(policies.flatMap((p) => (p.id === policy.id ? [] : [...possible(p, roster)])));
          const plan = explain(policy, severity, data.sinks, { roster, at, elsewhere });
          return (
            <li key={severity} className="rounded-lg border bg-panel p-4">
              <h3 className="flex flex-wrap items-center gap-2 text-sm">
                <SeverityBadge severity={severity} /> {SEVERITY_MEANING[severity]}
                {asked && <span className="text-xs text-ink-2 break-words">by “{policy.name}”</span>}
              </h3>
              <Plan plan={plan} />
              <Warnings list={plan.warnings} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Plan({ plan }: { plan: Explained }) {
  return (
    <ol className="mt-2 flex flex-col gap-2 text-sm">
      {plan.steps.map((step) => {
        const answers = step.answers.filter((a) => a.answer in WORDS);
        return (
          <li key={step.index} className="grid grid-cols-[4.5rem_minmax(0,1fr)] gap-2">
            <span className="text-ink-2">{step.afterMinutes === 0 ? "at once" : `${step.afterMinutes} min`}</span>
            {answers.length === 0 ? (
              <span className="text-ink-2">nobody new</span>
            ) : (
              <ul>
                {answers.map((a) => (
                  <Line key={`${a.answer} ${a.sinkId} ${a.sinkName}`} {...a} />
                ))}
              </ul>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Line({ answer, sinkName, via }: StepAnswer) {
  const told = answer === "told" || answer === "told_again";
  return (
    <li className={told ? "font-medium break-words" : "break-words text-ink-2"}>
      {via === undefined ? sinkName : `${via}, by ${sinkName},`} {WORDS[answer]}
    </li>
  );
}

export function Warnings({ list }: { list: readonly string[] }) {
  if (list.length === 0) return null;
  return (
    <ul className="mt-3 flex flex-col gap-1.5 border-t pt-3 text-xs">
      {list.map((warning) => (
        <li key={warning} className="flex gap-1.5">
          <TriangleAlert size={13} className="mt-0.5 shrink-0 text-degraded" aria-hidden="true" />
          <span className="min-w-0 break-words">{warning}</span>
        </li>
      ))}
    </ul>
  );
}
