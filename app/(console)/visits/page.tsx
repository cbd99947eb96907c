import type { Metadata } from "next";
import { type StaffVisit, staffVisits, tenantsToSee } from "#lib/queries/impersonation";
import { read } from "../../_server/read.ts";
import { allowed, can, type Seated } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Confirm } from "../../_ui/confirm.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { ActButton } from "../../_ui/form.tsx";
import { Lasted, Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { approveVisitAction, beginVisitAction, endVisitAction } from "./actions.ts";

export const metadata: Metadata = { title: "Visits" };
const TAKE = 200;

export default async function VisitsPage() {
  const who = await allowed("visit.read");
  const tenants = await read(who, (tx) => tenantsToSee(tx, who));
  const all = await read(
    who,
    (tx) => staffVisits(tx, tenants, TAKE),
    tenants.map((t) => t.id),
  );
  const mine = (v: StaffVisit) => v.actorId === who.personId;
  const open = all.filter((v) => v.state !== "over");
  const past = all.filter((v) => v.state === "over");
  const mayMake = can(who, "impersonation.start");
  return (
    <>
      <PageHead
        title="Visits"
        lead="A member of the staff looks into a tenant as one of its people, for 30 minutes. Whose visit it was, why, and every page of it stand in the tenant's own log, and its customers see the list."
      >
        {mayMake && (
          <ButtonLink href="/visits/new" look="primary">
            Look into a tenant
          </ButtonLink>
        )}
      </PageHead>
      <Section title="Open now">
        {open.length === 0 ? (
          <Empty title="Nobody looks into a tenant">
            {mayMake
              ? "Look into a tenant to see what its customers see. To change something there, a colleague lets you."
              : "A visit stands here from when it is asked for until it is over."}
          </Empty>
        ) : (
          <ul className="divide-y rounded-lg border bg-panel">
            {open.map((visit) => (
              <Open key={visit.id} visit={visit} who={who} mine={mine(visit)} />
            ))}
          </ul>
        )}
      </Section>
      {past.length > 0 && (
        <Section title="Past" aside={all.length === TAKE ? `the newest ${TAKE}` : undefined}>
          <Past rows={past} />
        </Section>
      )}
    </>
  );
}

const DOES = { asked: "asks to change things", ro: "looks only", rw: "may change things" };
const STATE = { asked: "Waits for a second person", approved: "Approved, not begun", runs: "Runs", over: "Over" };

function Open({ visit, who, mine }: { visit: StaffVisit; who: Seated; mine: boolean }) {
  const fields = { tenantId: visit.tenantId, visitId: visit.id };
  const here = visit.sessionId === who.sessionId;
  const stop = mine ? "Withdraw" : visit.state === "approved" ? "Call off" : "Refuse";
  const decides =
    visit.state === "asked" && !mine && visit.targetId !== who.personId && can(who, "impersonation.approve");
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-3 text-sm">
      <div className="min-w-0 flex-1 basis-72">
        <p className="font-medium break-words">
          {visit.who} as {visit.as} of {visit.tenantName}: {DOES[visit.state === "asked" ? "asked" : visit.mode]}
        </p>
        <p className="break-words text-ink-2">{visit.reason}</p>
        <p className="text-xs text-ink-2">
          {STATE[visit.state]}
          {visit.approvedBy !== null && `, let by ${visit.approvedBy}`}; {visit.state === "runs" ? "ends" : "lapses"}{" "}
          <Moment at={visit.until} />
          {mine && !here && visit.state !== "runs" && ". Asked for in another session: begin it there, or withdraw it."}
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {decides && (
          <ActButton
            action={approveVisitAction}
            fields={fields}
            busy="Approving…"
            look="primary"
            small
            label={`Let ${visit.who} change things as ${visit.as}`}
          >
            Approve
          </ActButton>
        )}
        {mine && here && visit.state === "approved" && (
          <ActButton
            action={beginVisitAction}
            fields={fields}
            busy="Beginning…"
            look="primary"
            small
            label="Begin the visit"
          >
            Begin
          </ActButton>
        )}
        {(mine ? can(who, "impersonation.begin") : can(who, "impersonation.revoke")) && (
          <Confirm
            trigger={visit.state === "runs" ? "End" : stop}
            triggerLook="plain"
            small
            title={`${visit.state === "runs" ? "End" : stop} the visit of ${visit.who}?`}
            consequence={
              visit.state === "runs"
                ? "It is over at their next click. A change that is being made now is finished first."
                : "It does not begin. Whoever needs it asks again."
            }
            verb={visit.state === "runs" ? "End visit" : stop}
            busy="Ending…"
            action={endVisitAction}
            fields={fields}
          />
        )}
      </div>
    </li>
  );
}

function Past({ rows }: { rows: StaffVisit[] }) {
  return (
    <Table
      label="Past visits"
      head={
        <>
          <Th>When</Th>
          <Th>Who as whom</Th>
          <Th wide>Tenant</Th>
          <Th wide>Why</Th>
          <Th>Ended</Th>
        </>
      }
    >
      {rows.map((v) => (
        <Tr key={v.id}>
          <Td>
            <Moment at={v.startedAt ?? v.askedAt} />
          </Td>
          <Td>
            {v.who} as {v.as}
            <span className="block text-xs text-ink-2">
              {v.mode === "ro"
                ? "looked only"
                : v.startedAt === null
                  ? "asked to change things"
                  : "could change things"}
              {v.approvedBy !== null && `, let by ${v.approvedBy}`}
            </span>
          </Td>
          <Td wide>{v.tenantName}</Td>
          <Td wide className="max-w-72 break-words">
            {v.reason}
          </Td>
          <Td>
            {v.how}
            {v.startedAt !== null && (
              <span className="block text-xs text-ink-2">
                after <Lasted from={v.startedAt} to={v.endedAt} />
              </span>
            )}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}
