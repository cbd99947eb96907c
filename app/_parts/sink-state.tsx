import { Ban, Check } from "lucide-react";

export function SinkState({ enabled, dead }: { enabled: boolean; dead: number }) {
  return (
    <span className="inline-flex items-center gap-3 whitespace-nowrap">
      {enabled ? (
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
