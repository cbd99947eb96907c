/** Cut by whole characters, with a sign that something is missing. */
export function clip(text: string, max: number): string {
  const characters = [...text];
  return characters.length <= max ? text : `${characters.slice(0, max).join("")}…`;
}

const DAY_MS = 86_400_000;

/** "2026-11-21" as the first instant of that day in UTC, epoch ms; null for what is no day. */
export function dayStart(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? null : at;
}

/** The first instant after that day. */
export const dayEnd = (text: string): number | null => {
  const start = dayStart(text);
  return start === null ? null : start + DAY_MS;
};
