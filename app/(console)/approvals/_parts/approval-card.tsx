import type { ReactNode } from "react";
import type { ApprovalView } from "#lib/queries/approvals";
import { Moment } from "../../../_ui/moment.tsx";

const ENDED: Record<string, string> = {
  executed: "Approved and done",
  refused: "Refused",
  withdrawn: "Withdrawn",
  expired: "Not decided in time",
  failed: "Approved, and could not be done",
};

/** One thing that was asked for: what would change, who wants it and why, and what became of it. */
export function ApprovalCard({ row, children }: { row: ApprovalView; children?: ReactNode }) {
  return (
    <li className="rounded-lg border bg-panel p-4 text-sm">
      <h3 className="font-semibold break-words">{row.sentence}</h3>
      <p className="mt-1 break-words text-ink-2">
        {row.askedBy}, <Moment at={row.askedAt} />: {row.reason}
      </p>
      {row.diff.length > 0 && (
        <table className="mt-3 w-full border-collapse text-left text-xs">
          <caption className="sr-only">What would change: {row.sentence}</caption>
          <thead>
            <tr className="text-ink-2">
              <th scope="col" className="py-1 pr-3 font-medium">
                What
              </th>
              <th scope="col" className="py-1 pr-3 font-medium">
                Before
              </th>
              <th scope="col" className="py-1 font-medium">
                After
              </th>
            </tr>
          </thead>
          <tbody>
            {row.diff.map((line) => (
              <tr key={line.field} className="border-t align-top">
                <th scope="row" className="py-1.5 pr-3 font-normal text-ink-2">
                  {line.field}
                </th>
                <td className="py-1.5 pr-3 break-words">{line.was}</td>
                <td className="py-1.5 font-medium break-words">{line.will}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {row.state === "asked" ? (
        <p className="mt-3 text-xs text-ink-2">
          Runs out <Moment at={row.expiresAt} />
        </p>
      ) : (
        <p className="mt-3 text-xs break-words">
          {row.waived ? (
            <strong className="font-semibold text-degraded">Done by one person: nobody else could decide.</strong>
          ) : (
            <>
              <span className="font-medium">{ENDED[row.state]}</span>
              {row.decidedBy !== null && ` by ${row.decidedBy}`}
            </>
          )}
          {row.decidedAt !== null && (
            <span className="text-ink-2">
              {" "}
              <Moment at={row.decidedAt} />
            </span>
          )}
          {row.decision !== null && <span className="text-ink-2">: {row.decision}</span>}
        </p>
      )}
      {children}
    </li>
  );
}
