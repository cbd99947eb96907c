// What the regions' tool lists say together, slot by slot, against what was accepted. Pure. A new list counts in a
// region when two looks in a row show it; one region apart from the others is no change of the server.
import { z } from "zod";
import type { Era } from "./outcome.ts";
import type { SealedSlot } from "./verdict.ts";

export type EraClass = "legacy" | "modern";

/** Lists of one scope are compared with each other and with no others. */
export interface Scope {
  era: EraClass;
  credentialed: boolean;
}

/** Turns from one list to another within an hour that make a region one that flaps between lists. */
export const FLAPPING_TURNS = 4;
const HOUR_MS = 3_600_000;
const MAX_TURNS = 20;

const regionSchema = z.object({
  /** The list that two looks in a row last showed. */
  at: z.string(),
  /** Another list, shown by the latest look. */
  candidate: z.string().optional(),
  /** When the latest look differed from the one before it: starts of slots, epoch milliseconds. */
  turns: z.array(z.number()).default([]),
  /** Said once per hour-long spell. */
  flapping: z.boolean().optional(),
});
export type RegionLists = z.infer<typeof regionSchema>;

const announcedSchema = z.object({
  full: z.string(),
  /** The changelog's entry. */
  change: z.string(),
  /** An incident is due for as long as it lasts. */
  alerts: z.boolean(),
  sentence: z.string(),
});

const scopeSchema = z.object({
  accepted: z.string(),
  /** Only regions that show, or lately showed, something else. */
  regions: z.record(z.string(), regionSchema).default({}),
  announced: announcedSchema.optional(),
  diverged: z.object({ full: z.string(), regions: z.array(z.string()), change: z.string() }).optional(),
});
export type ScopeLists = z.infer<typeof scopeSchema>;

/** server_now.surface: by scope, "modern:open", "legacy:credential". */
export const surfaceStateSchema = z.object({
  scopes: z.record(z.string(), scopeSchema),
  /** An incident was raised for it, so its end has to be said. */
  raised: z.literal(true).optional(),
  /** Looks that show what is expected, or what was announced, change nothing: no more has to be worked out. */
  calm: z.literal(true).optional(),
});
export type SurfaceState = z.infer<typeof surfaceStateSchema>;

export const scopeKey = (s: Scope): string => `${s.era}:${s.credentialed ? "credential" : "open"}`;
export const scopeOf = (key: string): Scope => ({
  era: key.startsWith("modern") ? "modern" : "legacy",
  credentialed: key.endsWith(":credential"),
});
const eraClass = (era: Era | null): EraClass => (era === "modern" || era === "dual" ? "modern" : "legacy");

/** What was stored, or nothing where it cannot be read: then the next list is a first sight again. */
export function surfaceState(raw: unknown): SurfaceState {
  const parsed = surfaceStateSchema.safeParse(raw);
  return parsed.success ? parsed.data : { scopes: {} };
}

export interface Look {
  region: string;
  scope: string;
  full: string;
  count: number;
}

/** Lists of this slot that may be compared: whole ones, that the server's own checks do not call broken. */
export function looksOf(sealed: Pick<SealedSlot, "outcomes">): Look[] {
  return Object.values(sealed.outcomes).flatMap((o) => {
    if (o.tools === null || o.tools.truncated === true || (o.status !== "up" && o.status !== "degraded")) return [];
    if (o.reason === "empty_tool_list" || o.reason === "tool_list_failed") return [];
    const scope = scopeKey({ era: eraClass(o.era), credentialed: o.tools.credentialed === true });
    return [{ region: o.region, scope, full: o.tools.fullHash, count: o.tools.count }];
  });
}

export type SurfaceEvent =
  | { kind: "first_seen"; scope: string; to: string; regions: string[]; beside: string | null }
  | { kind: "changed"; scope: string; from: string; to: string; regions: string[]; instead: string | null }
  | { kind: "returned"; scope: string; change: string }
  | { kind: "diverged"; scope: string; from: string; to: string; regions: string[]; instead: string | null }
  | { kind: "converged"; scope: string; change: string }
  | { kind: "flapping"; scope: string; from: string; to: string; region: string };

export interface Observed {
  /** To be stored, once the events have their entries; the very one that came in where nothing is to be done. */
  state: SurfaceState;
  events: SurfaceEvent[];
  /** Scopes of which this slot says enough to judge by. */
  judged: string[];
}

/** @param expected regions that were asked @param slot start, epoch milliseconds */
export function observe(
  before: SurfaceState,
  looks: readonly Look[],
  expected: readonly string[],
  slot: number,
): Observed {
  const asBefore = (look: Look) => look.full === expectedNow(before.scopes[look.scope]);
  if (looks.length === 0 || (before.calm === true && looks.every(asBefore)))
    return { state: before, events: [], judged: [...new Set(looks.map((l) => l.scope))] };
  const state = structuredClone(before);
  delete state.calm;
  const events: SurfaceEvent[] = [];
  const judged: string[] = [];
  for (const key of new Set(looks.map((l) => l.scope))) {
    const here = looks.filter((l) => l.scope === key);
    const known = Object.hasOwn(state.scopes, key) ? state.scopes[key] : undefined;
    if (known === undefined) {
      const accepted = leader(
        here.map((l) => l.full),
        null,
      );
      const beside = Object.values(before.scopes)[0]?.accepted ?? null;
      state.scopes[key] = { accepted, regions: {} };
      const regions = here.filter((l) => l.full === accepted).map((l) => l.region);
      events.push({ kind: "first_seen", scope: key, to: accepted, regions, beside });
    }
    const scope = state.scopes[key] as ScopeLists;
    // A region that is no longer asked has no say, and no entry that would have to be carried along.
    if (expected.length > 0)
      for (const name of Object.keys(scope.regions)) if (!expected.includes(name)) delete scope.regions[name];
    for (const look of here) step(scope, look, slot, key, events);
    if (judge(scope, key, here, expected, events)) judged.push(key);
    tidy(scope, slot);
  }
  return { state, events, judged };
}

/** What a look has to show to be no news. */
const expectedNow = (scope: ScopeLists | undefined): string | undefined => scope?.announced?.full ?? scope?.accepted;

/** The state as it is stored: marked as calm where it is. */
export function settled(state: SurfaceState): SurfaceState {
  const { calm: _calm, ...rest } = state;
  const still = Object.values(rest.scopes).every(
    (scope) =>
      scope.diverged === undefined &&
      Object.values(scope.regions).every(
        (r) => r.at === expectedNow(scope) && r.candidate === undefined && r.turns.length === 0,
      ),
  );
  return still && rest.raised === undefined ? { ...rest, calm: true } : rest;
}

function step(scope: ScopeLists, look: Look, slot: number, key: string, events: SurfaceEvent[]): void {
  const was: RegionLists | undefined = Object.hasOwn(scope.regions, look.region)
    ? scope.regions[look.region]
    : undefined;
  const region: RegionLists = was ?? { at: scope.accepted, turns: [] };
  const { candidate } = region;
  region.turns = region.turns.filter((at) => at > slot - HOUR_MS);
  if (look.full !== (candidate ?? region.at)) region.turns = [...region.turns, slot].slice(-MAX_TURNS);
  const flaps = region.turns.length >= FLAPPING_TURNS;
  if (flaps && region.flapping !== true) {
    const other = look.full === region.at ? (candidate ?? scope.announced?.full ?? scope.accepted) : look.full;
    events.push({ kind: "flapping", scope: key, from: region.at, to: other, region: look.region });
  }
  if (flaps) region.flapping = true;
  else delete region.flapping;
  if (look.full === region.at) delete region.candidate;
  else if (look.full === candidate && !flaps) {
    region.at = look.full;
    delete region.candidate;
  } else region.candidate = look.full;
  if (was !== undefined || look.full !== scope.accepted) scope.regions[look.region] = region;
}

/** @returns false when too few regions say anything, or some are just changing: then what was found before holds */
function judge(
  scope: ScopeLists,
  key: string,
  here: readonly Look[],
  expected: readonly string[],
  events: SurfaceEvent[],
): boolean {
  const asked = new Set(expected.length > 0 ? expected : here.map((l) => l.region));
  const at = (region: string) => scope.regions[region]?.at ?? scope.accepted;
  const steady = here.filter((l) => asked.has(l.region) && scope.regions[l.region]?.flapping !== true);
  const needed = Math.min(2, asked.size);
  if (steady.length < needed) return false;
  if (steady.some((l) => scope.regions[l.region]?.candidate !== undefined)) return false;
  const lists = steady.map((l) => at(l.region));
  const first = leader(lists, scope.accepted);
  const leading =
    first !== scope.accepted && lists.filter((l) => l === first).length >= needed ? first : scope.accepted;
  const where = (full: string) => steady.filter((l) => at(l.region) === full).map((l) => l.region);
  if (leading !== scope.accepted && leading !== scope.announced?.full) {
    const instead = scope.announced?.change ?? null;
    events.push({ kind: "changed", scope: key, from: scope.accepted, to: leading, regions: where(leading), instead });
  }
  if (leading === scope.accepted && scope.announced !== undefined) {
    events.push({ kind: "returned", scope: key, change: scope.announced.change });
    delete scope.announced;
  }
  apart(
    scope,
    key,
    leading,
    steady.map((l) => l.region).filter((r) => at(r) !== leading),
    at,
    events,
  );
  return true;
}

/** Regions that show another list than the one that leads. */
function apart(
  scope: ScopeLists,
  key: string,
  leading: string,
  regions: string[],
  at: (region: string) => string,
  events: SurfaceEvent[],
): void {
  const was = scope.diverged;
  const [one] = regions;
  if (one === undefined) {
    if (was !== undefined) events.push({ kind: "converged", scope: key, change: was.change });
    delete scope.diverged;
    return;
  }
  const same = was !== undefined && was.full === at(one) && was.regions.join() === regions.toSorted().join();
  if (!same)
    events.push({
      ...{ kind: "diverged", scope: key, from: leading, to: at(one) },
      ...{ regions: regions.toSorted(), instead: was?.change ?? null },
    });
}

/** Regions that are back at what is accepted, and have been calm for an hour, are not kept. */
function tidy(scope: ScopeLists, slot: number): void {
  for (const [name, region] of Object.entries(scope.regions)) {
    const calm = region.turns.every((at) => at <= slot - HOUR_MS);
    if (region.at === scope.accepted && region.candidate === undefined && calm) delete scope.regions[name];
  }
}

/** The list that most show; of equals the preferred one, then the first by name, so that the order never decides. */
function leader(lists: readonly string[], preferred: string | null): string {
  const counts = new Map<string, number>();
  for (const list of lists) counts.set(list, (counts.get(list) ?? 0) + 1);
  const rank = (list: string) => (list === preferred ? 0 : 1);
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || rank(a) - rank(b) || (a < b ? -1 : 1));
  return sorted[0]?.[0] ?? "";
}

/** The state once a person has said that the announced list is what is expected from now on. */
export function accept(before: SurfaceState, key: string): SurfaceState {
  const state = structuredClone(before);
  const scope = state.scopes[key];
  if (scope?.announced === undefined) return state;
  delete state.calm; // A region may still show what was expected until now.
  scope.accepted = scope.announced.full;
  delete scope.announced;
  for (const [name, region] of Object.entries(scope.regions))
    if (region.at === scope.accepted && region.candidate === undefined && region.turns.length === 0)
      delete scope.regions[name];
  return state;
}

/** Something is left that an incident is due for. */
export const stillWrong = (state: SurfaceState): boolean =>
  Object.values(state.scopes).some((s) => s.announced?.alerts === true || s.diverged !== undefined);

/**
 * Lists that need not be sent again. Asked for every probe.
 * @param stored server_now.surface
 * @returns null where a region turns so often that none should be sent
 */
export function knownLists(stored: unknown): string[] | null {
  // Written by us, and calm: no reason to look at it in full.
  const calm = typeof stored === "object" && stored !== null && "calm" in stored;
  const all = Object.values((calm ? (stored as SurfaceState) : surfaceState(stored)).scopes);
  if (all.some((s) => Object.values(s.regions).some((r) => r.flapping === true))) return null;
  const hashes = all.flatMap((s) => [
    s.accepted,
    ...(s.announced ? [s.announced.full] : []),
    ...Object.values(s.regions).flatMap((r) => (r.candidate === undefined ? [r.at] : [r.at, r.candidate])),
  ]);
  return [...new Set(hashes)];
}
