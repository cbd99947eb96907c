import { Ban, Check, Pause, ShieldQuestion } from "lucide-react";
import type { SinkTrouble } from "#lib/queries/sinks";

export function SinkState({
  enabled,
  proven,
  dead,
  trouble,
}: {
  enabled: boolean;
  proven: boolean;
  dead: number;
  trouble: SinkTrouble | null;
}) {
  return (
    <span className="inline-flex items-center gap-3 whitespace-nowrap">
      {enabled && !proven ? (
        <span className="inline-flex items-center gap-1.5 font-semibold text-degraded">
          <ShieldQuestion size={13} aria-hidden="true" /> Not proven
        </span>
      ) : enabled && trouble !== null ? (
        <span className="inline-flex items-center gap-1.5 font-semibold text-degraded">
          <Pause size={13} aria-hidden="true" /> {trouble.kind === "failing" ? "Failing" : "Asked to wait"}
        </span>
      ) : enabled ? (
        <span className="inline-flex items-center gap-1.5">
          <Check size={13} aria-hidden="true" /> Enabled
        </span>
      ) : (
        <span className="inline-flex items-center gap-1.5 font-semibold text-down">
          <Ban size={13} aria-hidden="true" /> Disabled
        </span>
      )}
      {dead > 0 && <span className="text-xs text-down">{dead} dead</span>}
    </span>
  );
}
