// Text from outside, made fit to show and store: control and bidi characters gone, one space for white space, cut by
// code point so that no surrogate is halved. Markup is escaped where it is drawn, not here.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line, at most `max` characters. */
export function cleanText(raw: string, max: number): string {
  const flat = raw
    .slice(0, max * 4)
    .toWellFormed()
    .replace(CONTROL, " ")
    .replace(/\s+/g, " ")
    .trim();
  const points = [...flat];
  return points.length <= max ? flat : `${points.slice(0, max - 1).join("")}…`;
}
