import type { Metadata } from "next";
import { dayEnd, dayOf, dayStart, daysAfter } from "#lib/domain/utc-day";
import { auditRowsOf } from "#lib/queries/audit";
import { JUDGED_AT_MOST, otherReviewerThan, ownAmong, reviewDays, reviewOf, trendOf } from "#lib/queries/audit-review";
import { param, type SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { AreaField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { spell } from "../../../_ui/time-words.ts";
import { reviewDayAction } from "../actions.ts";
import { DayList } from "./_parts/day-list.tsx";
import { Findings } from "./_parts/findings.tsx";
import { TrendTable } from "./_parts/trend-table.tsx";

export const metadata: Metadata = { title: "Daily review" };

/** More than these are no five minutes: the log itself is one click away. */
const SHOWN = 60;

export default async function ReviewPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("audit.read");
  const given = await param(searchParams, "day");
  const { day, days, review, rows, trend, others, over } = await read(who, async (tx, now) => {
    const today = dayOf(now.getTime());
    const day = dayStart(given) === null || given > today ? daysAfter(today, -1) : given;
    const review = await reviewOf(tx, who.seat.id, day);
    const shown = review.findings.slice(0, SHOWN).map((f) => f.act.id);
    return {
      ...{ day, review, over: day < today },
      days: await reviewDays(tx, who.seat.id, now),
      rows: await auditRowsOf(tx, who.seat.id, dayStart(day) ?? 0, dayEnd(day) ?? 0, shown),
      trend: await trendOf(tx, who.seat.id, day),
      others: await otherReviewerThan(tx, who.seat.id, who.personId),
    };
  });
  const done = days.find((d) => d.day === day)?.review ?? null;
  const own = ownAmong(review.findings, who.personId).length;
  const { findings, gaps } = review;
  return (
    <>
      <PageHead
        title={`Daily review: ${day}`}
        lead="What is unusual first, and why. A day is a day of UTC; each is reviewed once, and who did it stands in the log."
      >
        <ButtonLink href={`/audit?from=${day}&to=${day}`}>All rows of this day</ButtonLink>
      </PageHead>
      <DayList days={days} here={day} />
      {review.cut && (
        <p className="mb-5 rounded-lg border border-degraded bg-degraded-wash px-4 py-3 text-sm">
          Only the first {JUDGED_AT_MOST.toLocaleString("en")} rows of this day were judged: look through the rest in
          the log.
        </p>
      )}
      <Section
        title="Unusual"
        aside={review.events === 0 ? undefined : `${findings.length} of ${review.events} rows, alike ones counted once`}
      >
        {findings.length === 0 ? (
          <Empty title={review.events === 0 ? "Nothing happened on this day" : "Nothing unusual on this day"}>
            {review.events === 0
              ? "There is no row to look at."
              : "Nobody was refused anything, nothing was done in somebody's place, and everybody did what they usually do."}
          </Empty>
        ) : (
          <Findings
            findings={findings.slice(0, SHOWN)}
            rows={new Map(rows.map((r) => [r.id, r]))}
            day={day}
            me={who.personId}
          />
        )}
        {findings.length > SHOWN && (
          <p className="mt-2 text-xs text-ink-2">
            The {SHOWN} most serious are shown, {findings.length - SHOWN} more are in the log of this day.
          </p>
        )}
      </Section>
      {gaps.length > 0 && (
        <Section title="Without a checkpoint">
          <ul className="text-sm">
            {gaps.map((g) => (
              <li key={g.to}>
                {spell(g.to - g.from)}, until <Moment at={g.to} />: what changed in that time is proved only from then
                on.
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title="Your review">
        <Panel className="max-w-2xl">
          {done !== null ? (
            <p className="text-sm">
              <span className="text-up">●</span> Reviewed by {done.by} <Moment at={done.at} />
              {done.note !== "" && <>: “{done.note}”</>}
              {done.ownActs > 0 && " Some of the unusual rows were their own: nobody else could review them."}
            </p>
          ) : !over ? (
            <p className="text-sm text-ink-2">This day is not over yet: review it tomorrow.</p>
          ) : !can(who, "audit.review") ? (
            <p className="text-sm text-ink-2">
              Nobody has reviewed this day yet. Your role reads, and does not review.
            </p>
          ) : own > 0 && others ? (
            <p className="text-sm">
              <span className="text-degraded">▲</span> Some of the unusual rows are your own: ask somebody else to
              review this day.
            </p>
          ) : (
            <Form action={reviewDayAction} label="Review this day">
              <input type="hidden" name="day" value={day} />
              <AreaField
                name="note"
                label="What you make of it"
                rows={2}
                required={findings.length > 0}
                help={
                  own > 0
                    ? "Some of the unusual rows are your own. Nobody else could review them, so that is kept with the review."
                    : "One sentence for whoever reads this later."
                }
              />
              <FormError fields={["note"]} />
              <div>
                <Submit busy="Marking…">Mark as reviewed</Submit>
              </div>
            </Form>
          )}
        </Panel>
      </Section>
      {trend.length > 0 && (
        <Section title="How much of what">
          <TrendTable trend={trend} day={day} />
        </Section>
      )}
    </>
  );
}
