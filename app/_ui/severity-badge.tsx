import clsx from "clsx";
import type { Severity } from "#lib/domain/reason";

export const SEVERITY_MEANING: Record<Severity, string> = {
  P1: "wakes someone",
  P2: "push message",
  P3: "chat only",
  P4: "log only",
};

const LOOK: Record<Severity, string> = {
  P1: "border-down bg-down text-panel",
  P2: "border-down text-down",
  P3: "border-degraded text-degraded",
  P4: "border-line-strong text-ink-2",
};

export function SeverityBadge({ severity }: { severity: Severity }) {
  return (
    <span
      title={`${severity}: ${SEVERITY_MEANING[severity]}`}
      className={clsx(
        "inline-flex h-5 items-center rounded-[3px] border px-1.5 font-mono text-2xs font-semibold",
        LOOK[severity],
      )}
    >
      {severity}
    </span>
  );
}
