// Is this a reason, or something typed to get past the field? Strict where it is asked for, and a second, softer look
// once a week over what got past.
export const REASON_MIN = 20;
export const REASON_MAX = 500;

/** @returns one sentence that says what is missing, or null */
export function weakReason(text: string): string | null {
  const said = text.trim();
  // No database keeps one: what it is given for would fail half way.
  if (said.includes("\0")) return "Say why in letters: there is a character in it that no text holds.";
  if (said.length < REASON_MIN)
    return `Say why in at least ${REASON_MIN} characters: whoever reviews this will read it.`;
  if (said.length > REASON_MAX) return `Keep the reason under ${REASON_MAX} characters.`;
  const words = said.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length < 3) return "Say why in a sentence: a few words that a reviewer understands.";
  if (new Set(words).size < 3 || new Set(said.toLowerCase().replace(/\s/g, "")).size < 6)
    return "Say why in your own words: the same again and again is no reason.";
  return null;
}

/** What makes a reason that got past the field worth a second look. */
export const SOFT_FAULTS = {
  short: "It would be refused today.",
  placeholder: "It reads like something typed to get past the field.",
  keys: "It is a run along the keyboard, or one character held down.",
  gibberish: "Most of it is no words.",
  only_action: "It says what was done, which the row says already, and not why.",
  own_again: "The same person gave the same reason again and again.",
  copied: "Several people gave the same reason word for word.",
} as const;
export type SoftFault = keyof typeof SOFT_FAULTS;

const PLACEHOLDERS =
  /\b(test(ing|s)?|asdf\w*|qwer\w*|foo|bar|baz|blah|bla|tbd|todo|lorem|ipsum|dummy|whatever|n\/?a|none|nothing|xxx+|no reason|as discussed|because|just because|stuff|things)\b/g;
const ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "1234567890"];
const RUN = 5;
/** Said so often by one person, or by so many, it is a habit and no reason. */
const AGAIN = 3;
const PEOPLE = 3;
const SMALL = new Set(
  "a an and are as at be been by did do does done for from had has have he her him his i in is it its me my now of on or our please she so that the their them they this to up us was we were will with you your need needed needs want wanted have must should because order required requested action change changes changed".split(
    " ",
  ),
);

/** Two reasons with the same words are the same reason. */
export const reasonKey = (text: string): string => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");

/**
 * The softer look: nothing here is refused, it is listed for a person to read.
 * @param near the action that it was given for, how often this person gave it, how many people did
 */
export function softFaults(text: string, near: { action: string; own: number; people: number }): SoftFault[] {
  const lower = text.toLowerCase().trim();
  const words = lower.match(/[\p{L}\p{N}]+/gu) ?? [];
  const found: SoftFault[] = [];
  if (weakReason(text) !== null) found.push("short");
  const filler = (lower.match(PLACEHOLDERS) ?? []).join("").length;
  if (filler > 0 && (filler * 3 >= lower.length || words.length <= 4)) found.push("placeholder");
  if (
    /(.)\1{4,}/u.test(lower) ||
    ROWS.some((row) => hasRun(lower, row) || hasRun(lower, [...row].toReversed().join("")))
  )
    found.push("keys");
  // Only where the letters are Latin: other scripts write no vowels.
  const latin = words.filter((w) => /^[a-z]{4,}$/.test(w));
  if (latin.length >= 2 && latin.filter((w) => !/[aeiouy]/.test(w)).length * 2 > latin.length) found.push("gibberish");
  const named = new Set(near.action.split(/[._]/));
  const said = words.filter((w) => !SMALL.has(w));
  const sameStem = (w: string) => [...named].some((n) => w.startsWith(n.slice(0, 5)) && n.length > 3);
  if (said.length > 0 && said.every((w) => named.has(w) || sameStem(w))) found.push("only_action");
  if (near.own >= AGAIN) found.push("own_again");
  if (near.people >= PEOPLE) found.push("copied");
  return found;
}

function hasRun(text: string, row: string): boolean {
  for (let i = 0; i + RUN <= row.length; i++) if (text.includes(row.slice(i, i + RUN))) return true;
  return false;
}
