// Text from outside, made fit to show and store: control and bidi characters gone, one space for white space, cut by
// code point so that no surrogate is halved. Markup is escaped where it is drawn, not here.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Most texts: printable ASCII with single blanks, in which nothing has to be cleaned. */
const CLEAN = /^[!-~]+(?: [!-~]+)*$/;

/** One line, at most `max` characters. */
export function cleanText(raw: string, max: number): string {
  if (raw.length <= max && CLEAN.test(raw)) return raw;
  const flat = raw
    .slice(0, max * 4)
    .toWellFormed()
    .replace(CONTROL, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (flat.length <= max) return flat; // There are never more code points than units.
  const points = [...flat];
  return points.length <= max ? flat : `${points.slice(0, max - 1).join("")}…`;
}
