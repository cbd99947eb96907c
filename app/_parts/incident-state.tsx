import { Check, CircleDot, Eye, Moon } from "lucide-react";

const LOOK = {
  open: { word: "Open", Icon: CircleDot, ink: "text-ink font-semibold" },
  acknowledged: { word: "Acknowledged", Icon: Eye, ink: "text-ink" },
  resolved: { word: "Resolved", Icon: Check, ink: "text-ink-2" },
} as const;

/** Where an incident stands with people: icon and word, no hue, which is kept for what the server does. */
export function IncidentState({ state, silenced = false }: { state: keyof typeof LOOK; silenced?: boolean }) {
  const { word, Icon, ink } = LOOK[state];
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap text-sm ${ink}`}>
      <Icon size={13} aria-hidden="true" /> {word}
      {silenced && (
        <span className="inline-flex items-center gap-1 text-xs font-normal text-ink-2">
          <Moon size={11} aria-hidden="true" /> silenced
        </span>
      )}
    </span>
  );
}
