// How often a stranger may knock: counted before anything is looked up. An agent whose token was good lately is not
// held to the strangers' count, so that nobody can lock it out from behind the same proxy.
const MINUTE_MS = 60_000;
const STRANGER = 20;
const KNOWN = 1_200;
const MOST = 10_000;

export interface Limits {
  /** @returns true when it is too many. @param known the caller's token was good lately */
  tooMany(from: string, known: boolean, at: number): boolean;
}

export function limits(): Limits {
  let window = 0;
  const counts = new Map<string, number>();
  return {
    tooMany(from, known, at) {
      const current = Math.floor(at / MINUTE_MS);
      if (current !== window) counts.clear();
      window = current;
      const key = `${known ? "k" : "s"} ${from}`;
      const count = (counts.get(key) ?? 0) + 1;
      // Full of addresses: a stranger that is new waits for the next minute.
      if (!known && count === 1 && counts.size >= MOST) return true;
      counts.set(key, count);
      return count > (known ? KNOWN : STRANGER);
    },
  };
}
