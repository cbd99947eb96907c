// Days and weeks of the log, in UTC: everybody who reads one sees the same rows under the same day.
export const DAY_MS = 86_400_000;

/** "2026-11-21" as the first instant of that day, epoch ms; null for what is no day of these times. */
export function dayStart(text: string): number | null {
  // Years that every reader of a date takes: neither 0000 nor what follows 9999.
  if (!/^(19[7-9]|2\d\d)\d-\d\d-\d\d$/.test(text)) return null;
  const at = Date.parse(`${text}T00:00:00Z`);
  // "2026-02-30" is read by some as the 2nd of March.
  return Number.isNaN(at) || dayOf(at) !== text ? null : at;
}

/** The first instant after that day. */
export function dayEnd(text: string): number | null {
  const start = dayStart(text);
  return start === null ? null : start + DAY_MS;
}

export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** @param day as dayOf writes it */
export const daysAfter = (day: string, days: number): string => dayOf(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);

/** The Monday that the week of this instant began with. */
export function weekOf(at: number): string {
  const sinceMonday = (new Date(at).getUTCDay() + 6) % 7;
  return dayOf(at - sinceMonday * DAY_MS);
}
