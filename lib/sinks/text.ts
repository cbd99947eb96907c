// Text on its way to a vendor. Every string from a server or tenant is hostile: it is cut, freed of what a person
// cannot see, and escaped in the vendor's own markup. Lengths are UTF-16 units, which no vendor counts stricter.

// Controls, bidirectional overrides and isolates, joiners that hide text, tags, interlinear marks.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** One line: line breaks and tabs become spaces, invisible characters go, lone surrogates become U+FFFD. */
export function oneLine(text: string, max: number): string {
  return cut(see(head(text, max)).replace(/\s+/gu, " ").trim(), max);
}

/** The same, with line breaks kept (at most two in a row). */
export function manyLines(text: string, max: number): string {
  return cut(
    see(head(text, max))
      .replace(/[^\S\n]+/gu, " ")
      .replace(/\n{3,}/g, "\n\n")
      .trim(),
    max,
  );
}

// A megabyte is never walked through to keep two hundred characters of it.
const head = (text: string, max: number) => text.slice(0, max * 4 + 256).toWellFormed();
const see = (text: string) => text.replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n").replace(UNSEEN, "");

/**
 * Cuts to `max` with an ellipsis, never inside a character as a person sees it.
 * @param escaped applied per character before counting, so that the escaped text fits as well
 */
export function cut(text: string, max: number, escaped: (part: string) => string = (part) => part): string {
  const whole = text.length <= max ? escaped(text) : null;
  if (whole !== null && whole.length <= max) return whole;
  const window = text.slice(0, max + 64);
  const kept = take(
    [...graphemes.segment(window)].map((s) => s.segment),
    max - 1,
    escaped,
  );
  // One "character" of a thousand combining marks: better cut than nothing.
  return `${kept === "" ? take([...window.toWellFormed()], max - 1, escaped) : kept}…`;
}

function take(parts: string[], room: number, escaped: (part: string) => string): string {
  let out = "";
  for (const part of parts) {
    const piece = escaped(part);
    if (out.length + piece.length > room) break;
    out += piece;
  }
  return out;
}

/** Slack mrkdwn: these three make mentions, links and dates; nothing else can do harm. */
export const slackEscape = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Discord markdown: every mark loses its meaning; a zero-width space parts @ from what it would mention. */
export const discordEscape = (text: string) => text.replace(/([\\*_~`|#>[\]()<-])/g, "\\$1").replace(/@/g, "@\u200b");

export const htmlEscape = (text: string) => text.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);

/** The URL if a person may safely click it, else undefined. */
export function link(url: string | undefined, max = 2000): string | undefined {
  if (url === undefined || url.length > max) return undefined;
  const parsed = URL.parse(url);
  return parsed && (parsed.protocol === "http:" || parsed.protocol === "https:") ? parsed.href : undefined;
}

/** ISO 8601 in UTC, or undefined when the text is no time. */
export function isoTime(text: string): string | undefined {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
