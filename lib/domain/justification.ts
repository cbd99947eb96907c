// Is this a reason, or something typed to get past the field? Strict where it is asked for, and a second, softer look
// once a week over what got past.
export const REASON_MIN = 20;
export const REASON_MAX = 500;

/** @returns one sentence that says what is missing, or null */
export function weakReason(text: string): string | null {
  const said = text.trim();
  if (said.length < REASON_MIN)
    return `Say why in at least ${REASON_MIN} characters: whoever reviews this will read it.`;
  if (said.length > REASON_MAX) return `Keep the reason under ${REASON_MAX} characters.`;
  const words = said.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length < 3) return "Say why in a sentence: a few words that a reviewer understands.";
  if (new Set(words).size < 3 || new Set(said.toLowerCase().replace(/\s/g, "")).size < 6)
    return "Say why in your own words: the same again and again is no reason.";
  return null;
}
