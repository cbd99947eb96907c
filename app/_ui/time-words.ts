// Times as people say them. Pure: `now` and `at` are epoch milliseconds.
const STEPS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const;

/** "3 min ago", "in 2 h", "just now" within 5 s. */
export function relative(at: number, now: number): string {
  const gap = now - at;
  if (Math.abs(gap) < 5000) return "just now";
  const words = spell(Math.abs(gap));
  return gap > 0 ? `${words} ago` : `in ${words}`;
}

/** The largest unit, and the next one while the first is small: "1 h 5 min", "12 min", "3 d". */
export function spell(ms: number): string {
  const index = STEPS.findIndex(([size]) => ms >= size);
  const step = STEPS[index];
  if (step === undefined) return "0 s";
  const [size, unit] = step;
  const count = Math.floor(ms / size);
  const next = STEPS[index + 1];
  const rest = next && unit !== "min" && count < 4 ? Math.floor((ms - count * size) / next[0]) : 0;
  return rest > 0 && next ? `${count} ${unit} ${rest} ${next[1]}` : `${count} ${unit}`;
}

/** "2026-11-21 06:00:03 UTC" */
export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
