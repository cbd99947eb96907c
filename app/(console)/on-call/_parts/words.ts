// Times of a schedule, by the clock on the wall of its zone.
import type { Layer } from "#lib/domain/schedule";

export const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

const formats = new Map<string, Intl.DateTimeFormat>();

/** "Mon 23 Mar, 09:00". */
export function wall(at: number, zone: string): string {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-GB", {
      ...{ timeZone: zone, weekday: "short", day: "numeric", month: "short", hourCycle: "h23" },
      ...{ hour: "2-digit", minute: "2-digit" },
    });
  formats.set(zone, format);
  return format.format(at);
}

export function layerWords(layer: Layer, names: ReadonlyMap<string, string>): string {
  const who =
    layer.group === undefined || layer.group === ""
      ? layer.people.map((id) => names.get(id) ?? "somebody who has left").join(", ")
      : `whoever is in the group ${layer.group}`;
  const turn = layer.everyDays === 1 ? "daily" : layer.everyDays === 7 ? "weekly" : `every ${layer.everyDays} days`;
  const only = layer.restrictions
    .map((r) => `${r.days.map((d) => (DAYS[d - 1] ?? "").slice(0, 3)).join(" ")} ${r.from}–${r.to}`)
    .join("; ");
  return `${who}: ${turn} at ${layer.handoffAt}, from ${layer.startsOn}${only === "" ? "" : `, only ${only}`}`;
}
