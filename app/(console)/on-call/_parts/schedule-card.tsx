import { TriangleAlert } from "lucide-react";
import type { OnCallNow, ScheduleNow } from "#lib/queries/on-call";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Confirm } from "../../../_ui/confirm.tsx";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Panel } from "../../../_ui/page-head.tsx";
import { ShownOnce } from "../../../_ui/shown-once.tsx";
import { addOverrideAction, changeFeedAction, endOverrideAction, removeScheduleAction } from "../actions.ts";
import { Lane } from "./lane.tsx";
import { layerWords, wall } from "./words.ts";

/** One schedule: who is on now and next, the coming weeks, who stands in, its calendar's address. */
export function ScheduleCard({
  schedule,
  data,
  names,
  mayChange,
}: {
  schedule: ScheduleNow;
  data: OnCallNow;
  names: ReadonlyMap<string, string>;
  mayChange: boolean;
}) {
  const { id, name, zone, shifts, overrides } = schedule;
  const [now, next] = shifts.slice(schedule.current);
  const who = (personId: string | null) =>
    personId === null ? "nobody" : (names.get(personId) ?? "somebody who has left");
  const holes = shifts.slice(schedule.current).filter((s) => s.personId === null);
  const unreached = [...new Set(shifts.flatMap((s) => s.personId ?? []))]
    .map((personId) => data.people.find((p) => p.id === personId))
    .filter((p) => p !== undefined && p.sinkIds.length === 0);
  return (
    <Panel className="flex flex-col gap-4">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h3 className="text-base font-semibold break-words">{name}</h3>
          <p className="text-sm break-words">
            Now <strong className={now?.personId ? "" : "text-down"}>{who(now?.personId ?? null)}</strong>
            {now !== undefined && ` until ${wall(now.to, zone)}`}
            {next !== undefined && `, then ${who(next.personId)}`}
          </p>
          <ul className="mt-1 text-xs break-words text-ink-2">
            {schedule.layers.map((layer, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a rotation has no identity but its place
              <li key={i}>{layerWords(layer, names)}</li>
            ))}
            <li>Times in {zone}.</li>
          </ul>
        </div>
        {mayChange && (
          <span className="flex flex-wrap gap-1.5">
            <Confirm
              trigger="Remove"
              triggerLook="quiet"
              small
              title={`Remove the schedule ${name}?`}
              consequence="Nobody is on call there any more, and its calendar's address is refused."
              verb="Remove schedule"
              busy="Removing…"
              action={removeScheduleAction}
              fields={{ scheduleId: id }}
            />
            <ButtonLink small href={`/on-call?schedule=${id}`}>
              Edit<span className="sr-only"> {name}</span>
            </ButtonLink>
          </span>
        )}
      </div>
      {(holes.length > 0 || unreached.length > 0) && (
        <ul className="flex flex-col gap-1.5 text-xs">
          {holes[0] !== undefined && (
            <Warning>
              Nobody is on call from {wall(holes[0].from, zone)} to {wall(holes[0].to, zone)}
              {holes.length > 1 && `, and ${holes.length - 1} times more within four weeks`}.
            </Warning>
          )}
          {unreached.map((p) => (
            <Warning key={p?.id}>{p?.name} has no contact: on their turn nobody is told.</Warning>
          ))}
        </ul>
      )}
      <Lane shifts={shifts} zone={zone} names={names} from={data.from} />
      {overrides.length > 0 && (
        <ul aria-label={`Who stands in, in ${name}`} className="divide-y text-sm">
          {overrides.map((o) => (
            <li key={o.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-1.5">
              <span className="min-w-0 flex-1 basis-56 break-words">
                <span className="font-medium">{who(o.personId)}</span> stands in from {wall(o.from, zone)} to{" "}
                {wall(o.to, zone)}
              </span>
              {mayChange && (
                <ActButton
                  action={endOverrideAction}
                  fields={{ overrideId: o.id }}
                  label={`End: ${who(o.personId)} stands in`}
                  busy="Ending…"
                  small
                >
                  End
                </ActButton>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <details className="text-sm">
          <summary className="cursor-pointer font-medium">Have somebody stand in</summary>
          <Form action={addOverrideAction} label={`Stand in, ${name}`} clear className="mt-3 flex flex-col gap-3">
            <input type="hidden" name="scheduleId" value={id} />
            <div className="grid gap-3 sm:grid-cols-3">
              <SelectField
                name="personId"
                label="Who"
                options={[{ value: "", label: "Choose…" }, ...data.people.map((p) => ({ value: p.id, label: p.name }))]}
                required
              />
              <TextField name="from" label="From" type="datetime-local" required help={`Local time of ${zone}`} />
              <TextField name="to" label="To" type="datetime-local" required />
            </div>
            <FormError fields={["personId", "from", "to"]} />
            <div>
              <Submit busy="Saving…" look="plain" small>
                Stand in
              </Submit>
            </div>
          </Form>
        </details>
      )}
      {mayChange && (
        <details className="text-sm">
          <summary className="cursor-pointer font-medium">Calendar</summary>
          <p className="mt-2 text-xs text-ink-2">
            {schedule.feedMadeAt === null
              ? "Give it an address, and any calendar that reads ICS shows who is on call."
              : `It has an address since ${wall(schedule.feedMadeAt, zone)}. Whoever knows it reads who is on call; a new one ends it.`}
          </p>
          <div className="mt-2 flex flex-wrap items-start gap-2">
            <Form action={changeFeedAction} label={`Calendar of ${name}`} className="flex min-w-0 flex-col gap-2">
              <input type="hidden" name="scheduleId" value={id} />
              <input type="hidden" name="give" value="new" />
              <ShownOnce what="the calendar's address">Copy this address: it is shown once.</ShownOnce>
              <FormError />
              <div>
                <Submit busy="Making…" look="plain" small>
                  {schedule.feedMadeAt === null ? "Give it an address" : "Give it a new address"}
                </Submit>
              </div>
            </Form>
            {schedule.feedMadeAt !== null && (
              <ActButton
                action={changeFeedAction}
                fields={{ scheduleId: id, give: "none" }}
                label={`Take the calendar's address of ${name} back`}
                busy="Taking back…"
                look="quiet"
                small
              >
                Take it back
              </ActButton>
            )}
          </div>
        </details>
      )}
    </Panel>
  );
}

function Warning({ children }: { children: React.ReactNode }) {
  return (
    <li className="flex gap-1.5">
      <TriangleAlert size={13} className="mt-0.5 shrink-0 text-degraded" aria-hidden="true" />
      <span className="min-w-0 break-words">{children}</span>
    </li>
  );
}
