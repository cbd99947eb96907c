// Text of a server as a person may safely look at it: what cannot be seen, or would change how the rest is read, is
// spelled out instead of dropped, because it may be the very thing that somebody hid there.
const HIDDEN = new RegExp(
  [
    "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b-\\u200f\\u2028-\\u202e]",
    "[\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb]",
    // Combining joiners, variation selectors and tags, which spell whole sentences that nobody sees.
    "\\u034f|\\u17b4|\\u17b5|[\\u180b-\\u180d]|[\\ufe00-\\ufe0f]|[\\u{e0000}-\\u{e0fff}]",
  ].join("|"),
  "u",
);
const RUNS = new RegExp(`(${HIDDEN.source})\\1*`, "gu");

const spelled = (char: string) => `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;

/** At most `max` characters of the original; a run of one hidden character is spelled once, with its length. */
export function visible(raw: string, max: number): string {
  const head = [...raw.slice(0, max * 2).toWellFormed()].slice(0, max).join("");
  const shown = head.replace(RUNS, (run: string, one: string) => {
    const times = run.length / one.length;
    return times === 1 ? spelled(one) : `${spelled(one)}×${times}`;
  });
  return head.length < raw.length ? `${shown}…` : shown;
}

/** One line of it: line breaks and tabs are spaces. */
export const visibleLine = (raw: string, max: number): string =>
  visible(raw.slice(0, max * 4).replace(/[\t\n\r]+/g, " "), max);

export const hidesSomething = (raw: string): boolean => HIDDEN.test(raw);

/** Characters of each text that are shown, and of what stands before the first difference. */
const EXCERPT = 160;
const BEFORE = 24;

/** What became of a text: “…new part…”, where it read “…old part…”. Absent ones are said to be. */
export function rewording(old: unknown, now: unknown): string {
  const text = (value: unknown) =>
    typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  const [was, is] = [text(old), text(now)];
  let same = 0;
  while (same < was.length && same < is.length && was[same] === is[same]) same += 1;
  let tail = 0;
  const most = Math.min(was.length, is.length) - same;
  while (tail < most && was.at(-1 - tail) === is.at(-1 - tail)) tail += 1;
  const from = Math.max(0, same - BEFORE);
  const excerpt = (whole: string) => {
    const part = whole.slice(from, Math.min(whole.length, whole.length - tail + BEFORE));
    return `“${from > 0 ? "…" : ""}${visibleLine(part, EXCERPT)}${tail > BEFORE && part.length <= EXCERPT ? "…" : ""}”`;
  };
  if (was === "") return `is new: ${excerpt(is)}`;
  if (is === "") return `is gone: ${excerpt(was)}`;
  return `reads ${excerpt(is)}, where it read ${excerpt(was)}`;
}
