import Link from "next/link";
import type { DayState, ReviewDay } from "#lib/queries/audit-review";

const LOOK: Record<DayState, { mark: string; word: string; className: string }> = {
  reviewed: { mark: "●", word: "reviewed", className: "text-up" },
  due: { mark: "○", word: "to review", className: "text-ink" },
  overdue: { mark: "▲", word: "overdue", className: "text-degraded" },
  empty: { mark: "·", word: "nothing happened", className: "text-ink-3" },
};

/** The last two weeks, each day by mark and word; on a phone without those on which nothing happened. */
export function DayList({ days, here }: { days: ReviewDay[]; here: string }) {
  return (
    <nav aria-label="Days" className="mb-5">
      <ul className="grid grid-cols-2 gap-1 sm:grid-cols-4 lg:grid-cols-7">
        {days.map(({ day, state, review }) => {
          const { mark, word, className } = LOOK[state];
          return (
            <li key={day} className={state === "empty" && day !== here ? "hidden sm:block" : undefined}>
              <Link
                href={`/audit/review?day=${day}`}
                aria-current={day === here ? "page" : undefined}
                className="block rounded-md border px-2.5 py-1.5 text-xs hover:bg-raised aria-[current=page]:border-ink aria-[current=page]:bg-panel"
              >
                <span className="tabular block text-ink">{day}</span>
                <span className={`block truncate ${className}`}>
                  <span aria-hidden="true">{mark} </span>
                  {word}
                  {review !== null && ` by ${review.by}`}
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
