import type { PortalApproval } from "#lib/queries/portal/retention";
import { Confirm } from "../../../../_ui/confirm.tsx";
import { ActButton } from "../../../../_ui/form.tsx";
import { Moment } from "../../../../_ui/moment.tsx";
import { WhyField } from "../../../../_ui/why-field.tsx";
import { portalDecideCut, portalWithdrawCut } from "../actions.ts";

const STATES: Record<PortalApproval["state"], string> = {
  asked: "Waits for a second person",
  executed: "Approved",
  refused: "Refused",
  expired: "Not decided in time",
  withdrawn: "Withdrawn",
  failed: "Approved, and could not be done",
};

export function Approvals({ rows, mayDecide }: { rows: PortalApproval[]; mayDecide: boolean }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.id} className="px-3 py-3 text-sm">
          <p className="font-medium break-words">{row.sentence}</p>
          <p className="mt-0.5 text-xs text-ink-2">
            {row.waived ? "Done at once: nobody else could have decided it" : STATES[row.state]}. Asked by {row.askedBy}
            , <Moment at={row.askedAt} />
            {row.state === "asked" && (
              <>
                ; has to be decided <Moment at={row.expiresAt} />
              </>
            )}
            {row.decidedBy !== null && row.decidedAt !== null && (
              <>
                ; decided by {row.decidedBy}, <Moment at={row.decidedAt} />
              </>
            )}
          </p>
          <p className="mt-1 break-words">{row.reason}</p>
          {row.decision !== null && row.decision !== "" && (
            <p className="mt-1 break-words text-ink-2">{row.decision}</p>
          )}
          <Diff lines={row.diff} />
          {row.state === "asked" && mayDecide && (
            <div className="mt-3 flex flex-wrap gap-2">
              {row.mine ? (
                <ActButton
                  action={portalWithdrawCut}
                  fields={{ approvalId: row.id }}
                  busy="Withdrawing…"
                  small
                  label="Withdraw"
                >
                  Withdraw
                </ActButton>
              ) : (
                <>
                  <Decide row={row} verdict="approve" />
                  <Decide row={row} verdict="refuse" />
                </>
              )}
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

function Diff({ lines }: { lines: PortalApproval["diff"] }) {
  return (
    <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs">
      {lines.map((line) => (
        <div key={line.field} className="contents">
          <dt className="text-ink-2">{line.field}</dt>
          <dd>
            <span className="text-ink-2">{line.was}</span> → <strong>{line.will}</strong>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Decide({ row, verdict }: { row: PortalApproval; verdict: "approve" | "refuse" }) {
  const approve = verdict === "approve";
  return (
    <Confirm
      trigger={approve ? "Approve" : "Refuse"}
      triggerLook={approve ? "danger" : "plain"}
      small
      title={approve ? "Approve this?" : "Refuse this?"}
      consequence={
        approve
          ? `${row.sentence}. What is deleted cannot be brought back.`
          : "Nothing is deleted, and it is closed. Whoever asked reads why."
      }
      verb={approve ? "Approve and delete" : "Refuse"}
      busy={approve ? "Approving…" : "Refusing…"}
      action={portalDecideCut}
      fields={{ approvalId: row.id, verdict }}
    >
      <WhyField />
    </Confirm>
  );
}
