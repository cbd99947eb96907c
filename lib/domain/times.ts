// How long each part of an incident took: until it was found, said, taken in hand, over and closed. PURE.

/** Epoch milliseconds; null where it did not come to that. */
export interface Moments {
  firstBad: number;
  opened: number;
  told: number | null;
  acknowledged: number | null;
  recovered: number | null;
  resolved: number | null;
}

export const PARTS = ["detect", "tell", "acknowledge", "recover", "close"] as const;
export type PartName = (typeof PARTS)[number];

/** From what to what. MTTD is the mean of `detect`, MTTR that of `recover`. */
export const PART_WORDS: Record<PartName, { label: string; sentence: string }> = {
  detect: { label: "Detected", sentence: "first bad check → incident opened" },
  tell: { label: "Told", sentence: "opened → first request accepted by a sink" },
  acknowledge: { label: "Acknowledged", sentence: "told → somebody has it in hand" },
  recover: { label: "Recovered", sentence: "first bad check → first good check" },
  close: { label: "Closed", sentence: "first good check → resolved" },
};

/** Milliseconds of each part; null for what was not reached or came the other way round. */
export function partsOf(m: Moments): Record<PartName, number | null> {
  return {
    detect: between(m.firstBad, m.opened),
    tell: between(m.opened, m.told),
    acknowledge: between(m.told ?? m.opened, m.acknowledged),
    recover: between(m.firstBad, m.recovered),
    close: between(m.recovered, m.resolved),
  };
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null || to < from ? null : to - from;
}

export interface PartSum {
  part: PartName;
  /** Incidents that came to it. */
  count: number;
  meanMs: number | null;
  medianMs: number | null;
  worstMs: number | null;
}

export function sumParts(all: readonly Moments[]): PartSum[] {
  const each = all.map(partsOf);
  return PARTS.map((part) => {
    const took = each.flatMap((p) => p[part] ?? []).sort((a, b) => a - b);
    const count = took.length;
    const middle = count === 0 ? null : ((took[(count - 1) >> 1] ?? 0) + (took[count >> 1] ?? 0)) / 2;
    const mean = count === 0 ? null : took.reduce((sum, ms) => sum + ms, 0) / count;
    return { part, count, meanMs: mean, medianMs: middle, worstMs: took.at(-1) ?? null };
  });
}
