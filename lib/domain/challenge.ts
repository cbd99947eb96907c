// WWW-Authenticate as RFC 9110 writes it: several challenges in one header or in several, each a scheme and parameters.
// PURE, linear in its input, and bounded: the header is a stranger's.

export interface Challenge {
  /** Lower case. */
  scheme: string;
  /** Names in lower case; the first of a name counts. */
  params: Record<string, string>;
}

const MAX_CHARS = 8_192;
const MAX_CHALLENGES = 10;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAM = new RegExp(`(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, "y");
const SCHEME = new RegExp(`(${TOKEN})(?=\\s|,|$)`, "y");
/** What is neither, a token68 or nonsense, up to where something new may begin. */
const REST = /[^\s,]+/y;
const GAP = /[\s,]*/y;

/** @param header all values of the header, joined with commas */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, MAX_CHARS);
  const found: Challenge[] = [];
  let at = text.search(/[^\s,]|$/);
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const param = match(PARAM);
    const scheme = param ? null : match(SCHEME);
    const last = found.at(-1);
    if (param && last) {
      const name = (param[1] ?? "").toLowerCase();
      const value = param[2] === undefined ? (param[3] ?? "") : param[2].replace(/\\(.)/g, "$1");
      if (!Object.hasOwn(last.params, name)) last.params[name] = value;
    } else if (scheme && found.length < MAX_CHALLENGES) {
      found.push({ scheme: (scheme[1] ?? "").toLowerCase(), params: Object.create(null) as Record<string, string> });
    }
    at += (param ?? scheme ?? match(REST))?.[0].length ?? 1;
    at += match(GAP)?.[0].length ?? 0;
  }
  return found;
}

/** A scheme with at least one parameter says how to sign in; a bare "Bearer" does not. */
export const isFilled = (challenges: readonly Challenge[]): boolean =>
  challenges.some((c) => Object.keys(c.params).length > 0);

/** Where the server says that its metadata is (RFC 9728), and what it asks for. */
export function bearerOf(challenges: readonly Challenge[]): { metadata: string; scope: string; error: string } {
  const bearers = challenges.filter((c) => c.scheme === "bearer" || c.scheme === "dpop");
  const first = (name: string) => bearers.map((c) => c.params[name] ?? "").find((v) => v !== "") ?? "";
  return { metadata: first("resource_metadata"), scope: first("scope"), error: first("error") };
}
