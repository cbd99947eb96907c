import { Eye, Pencil } from "lucide-react";
import type { Metadata } from "next";
import { type PortalVisit, portalVisits } from "#lib/queries/portal/visits";
import { read } from "../../../_server/read.ts";
import { can } from "../../../_server/session.ts";
import { Confirm } from "../../../_ui/confirm.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { Lasted, Moment } from "../../../_ui/moment.tsx";
import { PageHead, Section } from "../../../_ui/page-head.tsx";
import { enter } from "../../_parts/enter.ts";
import { portalEndVisit } from "./actions.ts";

export const metadata: Metadata = { title: "Visits of the staff" };
const TAKE = 100;

export default async function PortalVisitsPage() {
  const who = await enter("/portal/visits");
  const rows = await read(who, (tx) => portalVisits(tx, TAKE));
  const [running, past] = [rows.filter((v) => v.endedAt === null), rows.filter((v) => v.endedAt !== null)];
  const mayEnd = can(who, "visit.end");
  return (
    <>
      <PageHead
        title="Visits of the staff"
        lead="Who looked into your tenant as one of your people, when and why. A visit lasts half an hour at most, and changes something only where a second person agreed."
      />
      {running.length > 0 && (
        <Section title="Running now" aside={String(running.length)}>
          <Visits rows={running} mayEnd={mayEnd} />
        </Section>
      )}
      {rows.length === 0 ? (
        <Empty title="Nobody has visited">
          When a member of the staff looks into your tenant, it stands here from the first moment, with the reason.
        </Empty>
      ) : (
        past.length > 0 && (
          <Section title="Past" aside={rows.length === TAKE ? `the newest ${TAKE}` : String(past.length)}>
            <Visits rows={past} mayEnd={false} />
          </Section>
        )
      )}
    </>
  );
}

const MAY = { ro: "looks only", rw: "may change things" };
const COULD = { ro: "looked only", rw: "could change things" };

function Visits({ rows, mayEnd }: { rows: PortalVisit[]; mayEnd: boolean }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((visit) => (
        <li key={visit.id} className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2 px-3 py-2.5 text-sm">
          <div className="min-w-0 flex-1 basis-72">
            <p className="flex flex-wrap items-center gap-x-2">
              <span className="font-medium">{visit.who}</span>
              <span className="text-ink-2">as {visit.as}</span>
              <span className="inline-flex items-center gap-1 rounded border px-1.5 text-xs">
                {visit.mode === "rw" ? <Pencil size={11} aria-hidden="true" /> : <Eye size={11} aria-hidden="true" />}
                {(visit.endedAt === null ? MAY : COULD)[visit.mode]}
              </span>
            </p>
            <p className="mt-0.5 break-words">{visit.reason}</p>
            <p className="mt-0.5 flex flex-wrap gap-x-3 text-xs text-ink-2">
              <span>
                <Moment at={visit.startedAt} />
                {visit.endedAt === null ? (
                  <>
                    , ends by itself <Moment at={visit.until} />
                  </>
                ) : (
                  <>
                    , lasted <Lasted from={visit.startedAt} to={visit.endedAt} />
                  </>
                )}
              </span>
              <span>
                {visit.looked === 1 ? "1 page load" : `${visit.looked} page loads`},{" "}
                {visit.changed === 0
                  ? "nothing changed"
                  : visit.changed === 1
                    ? "1 change"
                    : `${visit.changed} changes`}
              </span>
              {visit.how !== "" && <span>{visit.how}</span>}
            </p>
          </div>
          {mayEnd && visit.endedAt === null && (
            <Confirm
              trigger="End now"
              small
              title={`End the visit of ${visit.who}?`}
              consequence="They are out with their next click, and they read that the visit was ended by its tenant."
              verb="End the visit"
              busy="Ending…"
              action={portalEndVisit}
              fields={{ visitId: visit.id }}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
