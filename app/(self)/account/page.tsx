import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { ownSessions } from "#lib/queries/own-sessions";
import { now } from "../../_server/clock.ts";
import { db } from "../../_server/db.ts";
import { seated } from "../../_server/session.ts";
import { Confirm } from "../../_ui/confirm.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { endSessionAction } from "./actions.ts";

export const metadata: Metadata = { title: "Your sessions" };

export default async function AccountPage() {
  const who = await seated();
  if (who.acting !== null) redirect("/portal"); // One's own things are not part of a visit.
  const sessions = await ownSessions(db(), who.personId, now());
  const others = sessions.filter((s) => s.id !== who.sessionId).length;
  return (
    <>
      <PageHead
        title="Your sessions"
        lead={
          who.emergency
            ? "Where this emergency account is signed in. A session ends 30 minutes after you last did something in it, and an hour after it began. End what you do not recognise, then close the account under Roles and make another."
            : "Where you are signed in. A session ends 30 minutes after you last did something in it, and 12 hours after you signed in. End what you do not recognise, then change your password at your identity provider."
        }
      >
        {others > 0 && (
          <Confirm
            trigger="End all others"
            title={others === 1 ? "End the other session?" : `End ${others} other sessions?`}
            consequence="Whoever uses them is signed out at the next click. This one stays."
            verb="End them"
            busy="Ending…"
            action={endSessionAction}
            fields={{ session: "others" }}
          />
        )}
      </PageHead>
      <Section title={sessions.length === 1 ? "1 session" : `${sessions.length} sessions`}>
        <Table
          label="Your sessions"
          head={
            <>
              <Th>Browser</Th>
              <Th>Address</Th>
              <Th wide>Signed in</Th>
              <Th>Last seen</Th>
              <Th>
                <span className="sr-only">End</span>
              </Th>
            </>
          }
        >
          {sessions.map((session) => (
            <Tr key={session.id}>
              <Td>
                {session.browser}
                {session.id === who.sessionId && <strong className="ml-2 text-xs font-semibold">this one</strong>}
                {session.visits && <span className="ml-2 text-xs text-ink-2">makes a visit</span>}
              </Td>
              <Td className="font-mono text-xs">{session.address === "" ? "not known" : session.address}</Td>
              <Td wide>
                <Moment at={session.signedInAt.getTime()} />
              </Td>
              <Td>
                <Moment at={session.lastSeenAt.getTime()} />
              </Td>
              <Td className="text-right">
                <Confirm
                  trigger="End"
                  small
                  title={session.id === who.sessionId ? "Sign out here?" : `End the session of ${session.browser}?`}
                  consequence={
                    session.id === who.sessionId
                      ? "This is the session you use now: you are sent to the sign-in page."
                      : "Whoever uses it is signed out at the next click."
                  }
                  verb="End it"
                  busy="Ending…"
                  action={endSessionAction}
                  fields={{ session: session.id }}
                />
              </Td>
            </Tr>
          ))}
        </Table>
      </Section>
    </>
  );
}
