"use client";
import { X } from "lucide-react";
import type { Layer, Restriction } from "#lib/domain/schedule";
import { Button } from "../../../_ui/button.tsx";
import { DAYS } from "./words.ts";

const BOX = "h-8 min-w-0 rounded-md border border-line-strong bg-panel px-2 text-sm text-ink";
const LENGTHS = [1, 2, 3, 7, 14, 28];

/** One rotation: who takes turns, how long a turn is, and when it is on at all. */
export function LayerEditor({
  layer,
  number,
  people,
  groups,
  onChange,
  onRemove,
}: {
  layer: Layer;
  number: number;
  people: { id: string; name: string }[];
  groups: string[];
  onChange(next: Layer): void;
  /** Absent where it is the only one. */
  onRemove?: () => void;
}) {
  const change = (next: Partial<Layer>) => onChange({ ...layer, ...next });
  const byGroup = layer.group !== undefined;
  const name = (id: string) => people.find((p) => p.id === id)?.name ?? "somebody who has left";
  const restrict = (index: number, next: Restriction | null) =>
    change({ restrictions: layer.restrictions.flatMap((r, i) => (i !== index ? [r] : next === null ? [] : [next])) });
  return (
    <fieldset className="flex flex-col gap-3 text-sm">
      <legend className="contents">
        <span className="font-semibold">Rotation {number}</span>
      </legend>
      <label className="flex flex-wrap items-center gap-2">
        Who takes turns
        <select
          value={byGroup ? "group" : "people"}
          onChange={(e) => {
            const { group: _, ...rest } = layer;
            onChange(e.target.value === "group" ? { ...layer, people: [], group: groups[0] ?? "" } : rest);
          }}
          className={BOX}
        >
          <option value="people">people, in this order</option>
          <option value="group">whoever is in a group of the identity provider</option>
        </select>
      </label>
      {byGroup ? (
        <label className="flex flex-wrap items-center gap-2">
          Group
          <input
            value={layer.group}
            list={`groups-${number}`}
            maxLength={200}
            onChange={(e) => change({ group: e.target.value })}
            className={`${BOX} flex-1 basis-48`}
          />
          <datalist id={`groups-${number}`}>
            {groups.map((g) => (
              <option key={g} value={g} />
            ))}
          </datalist>
          <span className="basis-full text-xs text-ink-2">
            Those of its members who may work in this tenant, in the order of their names, as the group is at the
            moment.
          </span>
        </label>
      ) : (
        <div className="flex flex-wrap items-center gap-1.5">
          {layer.people.map((id, i) => (
            <button
              // biome-ignore lint/suspicious/noArrayIndexKey: somebody may take two turns of a round
              key={i}
              type="button"
              onClick={() => change({ people: layer.people.filter((_, n) => n !== i) })}
              className="inline-flex min-h-7 items-center gap-1 rounded-md border border-line-strong bg-raised px-2 text-xs"
            >
              {i + 1}. {name(id)} <X size={12} aria-hidden="true" />
              <span className="sr-only">, take out</span>
            </button>
          ))}
          <select
            aria-label={`One more in rotation ${number}`}
            value=""
            onChange={(e) => change({ people: [...layer.people, e.target.value] })}
            className={BOX}
          >
            <option value="" disabled>
              {layer.people.length === 0 ? "choose…" : "then…"}
            </option>
            {people.map((p) => (
              <option key={p.id} value={p.id}>
                {p.name}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <label className="inline-flex items-center gap-2">
          A turn lasts
          <input
            type="number"
            min={1}
            max={366}
            list={`lengths-${number}`}
            value={layer.everyDays}
            onChange={(e) => change({ everyDays: Math.max(1, Math.min(366, Math.floor(Number(e.target.value) || 1))) })}
            className={`${BOX} w-16`}
          />
          days
          <datalist id={`lengths-${number}`}>
            {LENGTHS.map((n) => (
              <option key={n} value={n} />
            ))}
          </datalist>
        </label>
        <label className="inline-flex items-center gap-2">
          the first from
          <input
            type="date"
            value={layer.startsOn}
            onChange={(e) => change({ startsOn: e.target.value })}
            className={BOX}
          />
        </label>
        <label className="inline-flex items-center gap-2">
          handed over at
          <input
            type="time"
            value={layer.handoffAt}
            onChange={(e) => change({ handoffAt: e.target.value })}
            className={BOX}
          />
        </label>
      </div>
      <ul className="flex flex-col gap-2">
        {layer.restrictions.map((r, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a restriction has no identity but its place
          <li key={i} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="text-ink-2">only</span>
            {DAYS.map((day, d) => (
              <label key={day} className="inline-flex min-h-6 items-center gap-1 text-xs">
                <input
                  type="checkbox"
                  aria-label={day}
                  className="size-4 accent-(--ink)"
                  checked={r.days.includes(d + 1)}
                  onChange={(e) =>
                    restrict(i, {
                      ...r,
                      days: (e.target.checked ? [...r.days, d + 1] : r.days.filter((x) => x !== d + 1)).sort(),
                    })
                  }
                />
                {day.slice(0, 2)}
              </label>
            ))}
            <label className="inline-flex items-center gap-1">
              from
              <input
                type="time"
                value={r.from}
                onChange={(e) => restrict(i, { ...r, from: e.target.value })}
                className={BOX}
              />
            </label>
            <label className="inline-flex items-center gap-1">
              to
              <input
                type="time"
                value={r.to}
                onChange={(e) => restrict(i, { ...r, to: e.target.value })}
                className={BOX}
              />
            </label>
            <Button look="quiet" small onClick={() => restrict(i, null)}>
              Take out
            </Button>
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        {layer.restrictions.length < 14 && (
          <Button
            small
            look="quiet"
            onClick={() =>
              change({ restrictions: [...layer.restrictions, { days: [1, 2, 3, 4, 5], from: "09:00", to: "17:00" }] })
            }
          >
            Only at some hours
          </Button>
        )}
        {onRemove !== undefined && (
          <Button small look="quiet" onClick={onRemove}>
            Take rotation {number} out
          </Button>
        )}
      </div>
    </fieldset>
  );
}
