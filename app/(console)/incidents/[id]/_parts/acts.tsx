import { Confirm } from "../../../../_ui/confirm.tsx";
import { ActButton } from "../../../../_ui/form.tsx";
import { acknowledgeAction, resolveAction } from "../../actions.ts";

export function Acts({
  incidentId,
  name,
  state,
  mayAcknowledge,
  mayResolve,
}: {
  incidentId: string;
  name: string;
  state: "open" | "acknowledged" | "resolved";
  mayAcknowledge: boolean;
  mayResolve: boolean;
}) {
  return (
    <>
      {state === "open" && mayAcknowledge && (
        <ActButton
          action={acknowledgeAction}
          fields={{ incidentId }}
          look="primary"
          busy="Acknowledging…"
          label="Acknowledge"
          shortcut="a"
        >
          Acknowledge <kbd className="font-mono text-2xs opacity-70">a</kbd>
        </ActButton>
      )}
      {state !== "resolved" && mayResolve && (
        <Confirm
          trigger="Resolve"
          triggerLook="plain"
          title={`Resolve ${name}?`}
          consequence="Every sink that was told is told that it is over. If the server still fails, a new incident opens after as many bad checks as its settings say, and people are told again."
          verb="Resolve incident"
          busy="Resolving…"
          action={resolveAction}
          fields={{ incidentId }}
        />
      )}
    </>
  );
}
