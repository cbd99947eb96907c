"use client";
import { parseAsString, useQueryState } from "nuqs";
import { Button } from "./button.tsx";

export interface Choice {
  value: string;
  label: string;
  count: number;
}

/**
 * Filters live in the URL, so that a filtered table can be sent to somebody. Read on the server; replaced, not pushed.
 * @param total of all, where one may be in several choices
 */
export function Filters({
  name,
  choices,
  searchLabel,
  total,
}: {
  name: string;
  choices: Choice[];
  searchLabel: string;
  total?: number;
}) {
  const options = { shallow: false, history: "replace", throttleMs: 150, clearOnDefault: true } as const;
  const [q, setQ] = useQueryState("q", parseAsString.withDefault("").withOptions(options));
  const [picked, setPicked] = useQueryState(name, parseAsString.withDefault("").withOptions(options));
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <input
        type="search"
        data-search
        aria-label={searchLabel}
        placeholder={searchLabel}
        value={q}
        onChange={(event) => void setQ(event.target.value)}
        className="h-8 w-full rounded-md border border-line-strong bg-panel px-2.5 text-sm placeholder:text-ink-3 sm:w-56"
      />
      <fieldset aria-label={`Filter by ${name}`} className="flex flex-wrap gap-1">
        {[{ value: "", label: "All", count: total ?? choices.reduce((sum, c) => sum + c.count, 0) }, ...choices].map(
          (choice) => (
            <button
              key={choice.value}
              type="button"
              aria-pressed={picked === choice.value}
              onClick={() => void setPicked(choice.value)}
              className="inline-flex h-8 items-center gap-1.5 rounded-md border border-transparent px-2.5 text-xs text-ink-2 hover:bg-raised aria-pressed:border-line-strong aria-pressed:bg-panel aria-pressed:text-ink"
            >
              {choice.label} <span className="tabular text-ink-3">{choice.count}</span>
            </button>
          ),
        )}
      </fieldset>
      {(q !== "" || picked !== "") && (
        <Button
          look="quiet"
          small
          onClick={() => {
            void setQ("");
            void setPicked("");
          }}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
