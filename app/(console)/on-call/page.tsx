import type { Metadata } from "next";
import { onCallNow } from "#lib/queries/on-call";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Contacts } from "./_parts/contacts.tsx";
import { ScheduleCard } from "./_parts/schedule-card.tsx";
import { ScheduleEditor } from "./_parts/schedule-editor.tsx";

export const metadata: Metadata = { title: "On call" };

export default async function OnCallPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("schedule.read");
  const asked = await param(searchParams, "schedule");
  const data = await read(who, onCallNow);
  const mayChange = can(who, "schedule.change");
  const names = new Map(data.people.map((p) => [p.id, p.name]));
  const edited = !mayChange
    ? undefined
    : asked === "new"
      ? { id: "", name: "", zone: "UTC", layers: [] }
      : data.schedules.find((s) => s.id === asked);
  return (
    <>
      <PageHead
        title="On call"
        lead="Who is woken when a route names a schedule or a person. It is asked at the moment of the step, so a change here holds for open incidents too."
      >
        {mayChange && edited === undefined && (
          <ButtonLink href="/on-call?schedule=new" look="primary">
            Add a schedule
          </ButtonLink>
        )}
      </PageHead>
      {edited !== undefined && (
        <Section title={edited.id === "" ? "A new schedule" : `Change ${edited.name}`}>
          <ScheduleEditor
            key={edited.id}
            schedule={{ id: edited.id, name: edited.name, zone: edited.zone, layers: edited.layers }}
            people={data.people.map(({ id, name }) => ({ id, name }))}
            groups={data.groups}
            zones={["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")]}
            today={new Date(data.from).toISOString().slice(0, 10)}
          />
        </Section>
      )}
      <Section title="Schedules">
        {data.schedules.length === 0 ? (
          <Empty title="There is no schedule yet">
            A schedule has turns, days off and people who stand in. A route that names it tells whoever is on call.
          </Empty>
        ) : (
          <ul className="flex flex-col gap-4">
            {data.schedules.map((schedule) => (
              <li key={schedule.id}>
                <ScheduleCard schedule={schedule} data={data} names={names} mayChange={mayChange} />
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="How people are reached">
        {data.people.length === 0 ? (
          <Empty title="Nobody of the staff has signed in yet">
            Whoever may work in this tenant stands here after their first sign-in.
          </Empty>
        ) : (
          <Contacts data={data} me={who.personId} mayChange={mayChange} />
        )}
      </Section>
    </>
  );
}
