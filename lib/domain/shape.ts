// How a failure is spread over regions and minutes, told apart and in words: everywhere, in some places, in one, slow
// rather than broken, or coming and going. PURE; it says what was seen and changes no verdict.
import { REASONS, type Reason, type Status } from "./reason.ts";

export const SHAPES = ["none", "global", "regional", "one", "slow", "jitter"] as const;
export type Shape = (typeof SHAPES)[number];

export interface ShapeCell {
  status: Status;
  reason: string | null;
  latencyMs: number | null;
}
/** One slot: what each region said. */
export type ShapeSlot = Readonly<Record<string, ShapeCell>>;

export interface Shaped {
  shape: Shape;
  /** Regions that it is about. */
  regions: string[];
  /** One sentence; "" for none. */
  sentence: string;
}

/** Slots that are looked back over; older ones are another story. */
export const SHAPE_SLOTS = 10;
const COMES_AND_GOES = 4;
const SEVERAL = 3;
const SLOW_TIMES = 3;
/** Below this nobody waits, however much it has grown. */
const SLOW_MS = 1_000;
const NONE: Shaped = { shape: "none", regions: [], sentence: "" };

const bad = (cell: ShapeCell): boolean => cell.status === "down" || cell.status === "degraded";
const opinion = (cell: ShapeCell): boolean => cell.status !== "unknown";
const slowReason = (reason: string | null): boolean => reason === "latency_elevated" || reason === "timeout";

/**
 * @param slots oldest first; the last is now
 * @param city what people call a region
 */
export function shapeOf(slots: readonly ShapeSlot[], city: (region: string) => string): Shaped {
  const recent = slots.slice(-SHAPE_SLOTS);
  const now = recent.at(-1);
  if (now === undefined) return NONE;
  const said = Object.keys(now).filter((r) => opinion(now[r] as ShapeCell));
  const failing = said.filter((r) => bad(now[r] as ShapeCell));
  const well = said.filter((r) => !failing.includes(r));
  const jitter = comesAndGoes(recent, city);
  if (jitter !== null) return jitter;
  const slow = slowIn(recent, said);
  const answering = failing.every((r) => slowReason((now[r] as ShapeCell).reason));
  if (slow.length > 0 && answering && slow.length >= Math.min(2, said.length))
    return shaped("slow", slow, `It answers, but slowly, from ${words(slow.map(city))}.`);
  if (failing.length === 0) return NONE;
  if (said.length === 1)
    return shaped(
      "global",
      failing,
      `${words(failing.map(city))} is the only place that it is seen from, and it fails.`,
    );
  if (well.length === 0) {
    const all = said.length === 2 ? "both places" : `all ${said.length} places`;
    return shaped("global", failing, `It fails everywhere: from ${all} that it is seen from.`);
  }
  if (failing.length === 1)
    return shaped(
      "one",
      failing,
      `It fails from ${words(failing.map(city))} alone; from ${words(well.map(city))} it is well. One place alone wakes nobody.`,
    );
  return shaped(
    "regional",
    failing,
    `It fails from ${words(failing.map(city))}; from ${words(well.map(city))} it is well.`,
  );
}

/** Failures that neither stay nor stay away: regions that turn again and again, and none that has failed for long. */
function comesAndGoes(recent: readonly ShapeSlot[], city: (region: string) => string): Shaped | null {
  const regions = [...new Set(recent.flatMap((slot) => Object.keys(slot)))];
  let turns = 0;
  const turning = regions.filter((region) => {
    const line = recent.flatMap((slot) => (slot[region] && opinion(slot[region]) ? [bad(slot[region])] : []));
    const own = line.filter((b, i) => i > 0 && b !== line[i - 1]).length;
    turns += own;
    return own >= 2;
  });
  const stays = regions.some((region) => {
    const last = recent.slice(-3);
    return last.length === 3 && last.every((slot) => slot[region] !== undefined && bad(slot[region]));
  });
  const hit = recent.filter((slot) => Object.values(slot).some(bad)).length;
  if (stays || hit < SEVERAL || turns < COMES_AND_GOES || turning.length === 0) return null;
  return shaped(
    "jitter",
    turning,
    `It comes and goes: ${hit} of the last ${recent.length} checks failed somewhere, and none for long, from ${words(turning.map(city))}.`,
  );
}

/** Regions whose answer says that it is slow, or takes several times what it took before. */
function slowIn(recent: readonly ShapeSlot[], said: readonly string[]): string[] {
  const now = recent.at(-1) ?? {};
  return said.filter((region) => {
    const cell = now[region] as ShapeCell;
    if (cell.reason === "latency_elevated") return true;
    if (cell.latencyMs === null || cell.latencyMs < SLOW_MS || !["up", "degraded"].includes(cell.status)) return false;
    const before = recent.slice(0, -1).flatMap((slot) => slot[region]?.latencyMs ?? []);
    const sorted = before.toSorted((a, b) => a - b);
    const usual = sorted[sorted.length >> 1];
    return sorted.length >= 3 && usual !== undefined && cell.latencyMs >= SLOW_TIMES * usual;
  });
}

const shaped = (shape: Shape, regions: string[], sentence: string): Shaped => ({ shape, regions, sentence });

/** "a", "a and b", "a, b and c" */
function words(names: readonly string[]): string {
  const sorted = [...names].sort((a, b) => a.localeCompare(b));
  return sorted.length <= 1 ? (sorted[0] ?? "") : `${sorted.slice(0, -1).join(", ")} and ${sorted.at(-1)}`;
}

/** What is kept of a minute: [status, reason, latency] by region; what cannot be read is left out. */
export function shapeSlot(stored: unknown): ShapeSlot {
  if (typeof stored !== "object" || stored === null) return {};
  return Object.fromEntries(
    Object.entries(stored).flatMap(([region, cell]) => {
      const [status, reason, latencyMs] = Array.isArray(cell) ? cell : [];
      if (!["up", "degraded", "down", "unknown"].includes(status)) return [];
      const known = typeof reason === "string" && Object.hasOwn(REASONS, reason) ? (reason as Reason) : null;
      return [[region, { status, reason: known, latencyMs: typeof latencyMs === "number" ? latencyMs : null }]];
    }),
  );
}
