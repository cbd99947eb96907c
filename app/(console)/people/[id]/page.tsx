import type { Metadata } from "next";
import { personDetail } from "#lib/queries/people";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { Confirm } from "../../../_ui/confirm.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { disableAction, enableAction, endSessionsAction } from "../actions.ts";

export const metadata: Metadata = { title: "Person" };

export default async function PersonPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await allowed("role.read");
  const id = idOr404((await params).id);
  const person = found(await read(who, (tx, now) => personDetail(tx, id, now)));
  const emergency = person.kind === "emergency";
  const may = can(who, "person.disable");
  const fields = { personId: person.id };
  return (
    <>
      <PageHead
        title={person.name}
        lead={person.layers.length === 0 ? "Is nothing here." : `Is ${person.layers.join(", ")}.`}
      >
        {may && person.sessions.length > 0 && (
          <Confirm
            trigger="End sessions"
            triggerLook="plain"
            title={`End every session of ${person.name}?`}
            consequence="They are signed out at once, visits to tenants included. They may sign in again."
            verb="End sessions"
            busy="Ending…"
            action={endSessionsAction}
            fields={fields}
          >
            <WhyField />
          </Confirm>
        )}
        {may && !emergency && person.disabled === null && (
          <Confirm
            trigger="Disable"
            title={`Disable ${person.name}?`}
            consequence="Every session and every visit of theirs ends at once, and they cannot sign in until somebody enables them again. What they did stays."
            verb="Disable"
            busy="Disabling…"
            action={disableAction}
            fields={fields}
          >
            <WhyField />
          </Confirm>
        )}
        {may && !emergency && person.disabled?.here === true && (
          <Confirm
            trigger="Enable"
            triggerLook="plain"
            title={`Let ${person.name} in again?`}
            consequence="They may sign in, with what their groups give them by then."
            verb="Enable"
            busy="Enabling…"
            action={enableAction}
            fields={fields}
          >
            <WhyField />
          </Confirm>
        )}
      </PageHead>
      <Section title="Who">
        <Panel>
          <Facts
            rows={[
              person.disabled === null
                ? null
                : [
                    "Disabled",
                    <span key="off">
                      <Moment at={person.disabled.at} />
                      {person.disabled.by === "directory"
                        ? `, by the directory${person.disabled.here ? ", which no longer knows them" : ": it has to switch them on again"}`
                        : `: ${person.disabled.reason ?? "no reason is kept"}`}
                    </span>,
                  ],
              person.email === null ? null : ["E-mail", person.email],
              ["Comes from", emergency ? "the emergency door" : person.issuer],
              emergency
                ? null
                : [
                    "Known there as",
                    <code key="sub" className="font-mono text-xs break-all">
                      {person.subject}
                    </code>,
                  ],
              person.directoryId === null || person.directoryId === person.subject
                ? null
                : [
                    "In the directory",
                    <code key="dir" className="font-mono text-xs break-all">
                      {person.directoryId}
                    </code>,
                  ],
              ["Known since", <Moment key="since" at={person.knownSince} />],
              ["Last sign-in", <Moment key="seen" at={person.lastSeenAt} />],
            ]}
          />
        </Panel>
      </Section>
      <Section title="Groups" aside={`${person.groups.length}`}>
        {person.groups.length === 0 ? (
          <p className="text-sm text-ink-2">In no group that was named at the last sign-in.</p>
        ) : (
          <ul className="divide-y rounded-lg border bg-panel">
            {person.groups.map((group) => (
              <li key={group.name} className="flex flex-wrap justify-between gap-x-4 px-3 py-1.5 text-sm">
                <span className="min-w-0 font-mono text-xs break-all">{group.name}</span>
                <span className="text-ink-2">{group.gives.join(", ") || "nothing here"}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Sessions" aside={`${person.sessions.length}`}>
        {person.sessions.length === 0 ? (
          <p className="text-sm text-ink-2">Not signed in.</p>
        ) : (
          <ul className="divide-y rounded-lg border bg-panel">
            {person.sessions.map((session) => (
              <li key={session.id} className="flex flex-wrap justify-between gap-x-4 px-3 py-1.5 text-sm">
                <span className="min-w-0 truncate text-ink-2" title={session.userAgent}>
                  {session.address === "" ? "address not known" : session.address}
                </span>
                <span className="text-xs text-ink-2">
                  since <Moment at={session.since} />, active <Moment at={session.seenAt} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}
