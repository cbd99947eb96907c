import clsx from "clsx";
import type { Status } from "#lib/domain/reason";

/** The words of the console; the public page has its own. */
export const STATUS_WORD: Record<Status, string> = {
  up: "Up",
  degraded: "Degraded",
  down: "Down",
  unknown: "Not checked",
};
export const STATUS_INK: Record<Status, string> = {
  up: "text-up",
  degraded: "text-degraded",
  down: "text-down",
  unknown: "text-unknown",
};

/** A state's shape: filled circle, triangle, square, hollow circle. Decorative: a word always stands beside it. */
export function StatusShape({ status, size = 10 }: { status: Status; size?: number }) {
  return (
    <svg
      viewBox="0 0 12 12"
      width={size}
      height={size}
      className={clsx("shrink-0", STATUS_INK[status])}
      aria-hidden="true"
      focusable="false"
    >
      {status === "up" && <circle cx="6" cy="6" r="5" fill="currentColor" />}
      {status === "degraded" && <path d="M6 0.8 11.6 11H0.4Z" fill="currentColor" />}
      {status === "down" && <rect x="1" y="1" width="10" height="10" fill="currentColor" />}
      {status === "unknown" && (
        <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" strokeWidth="1.8" strokeDasharray="2.4 1.6" />
      )}
    </svg>
  );
}

/** State as shape, colour and word together. */
export function StatusMark({ status, word, drill = false }: { status: Status; word?: string; drill?: boolean }) {
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1.5 whitespace-nowrap font-medium",
        drill ? "text-drill" : STATUS_INK[status],
      )}
    >
      <StatusShape status={status} />
      {word ?? STATUS_WORD[status]}
      {drill && <span className="rounded border border-dashed border-drill px-1 text-2xs">Drill</span>}
    </span>
  );
}
