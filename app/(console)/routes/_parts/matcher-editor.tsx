"use client";
import { X } from "lucide-react";
import type { Matcher } from "#lib/domain/matcher";
import { Button } from "../../../_ui/button.tsx";
import { ASKS, choices } from "./words.ts";

const BOX = "h-8 min-w-0 rounded-md border border-line-strong bg-panel px-2 text-sm text-ink";
const KINDS = Object.keys(ASKS) as Matcher["on"][];
type Listed = Exclude<Matcher, { on: "name" } | { on: "label" }>;

const fresh = (on: Matcher["on"]): Matcher =>
  on === "label"
    ? { on, name: "", op: "=", value: "" }
    : on === "name"
      ? { on, is: "" }
      : ({ on, is: [] } as unknown as Matcher);

/** All of them have to hold; each of what it lists is one of several that may. */
export function MatcherEditor({
  matchers,
  servers,
  onChange,
}: {
  matchers: Matcher[];
  servers: { id: string; name: string }[];
  onChange(next: Matcher[]): void;
}) {
  const change = (index: number, next: Matcher) => onChange(matchers.map((m, i) => (i === index ? next : m)));
  return (
    <fieldset className="rounded-lg border bg-panel p-4">
      <legend className="contents">
        <span className="mb-2 block text-sm font-semibold">Holds for</span>
      </legend>
      {matchers.length === 0 && (
        <p className="mb-2 text-sm text-ink-2">
          Every incident: nothing is asked, so no policy after this one is ever reached.
        </p>
      )}
      <ul className="flex flex-col gap-2">
        {matchers.map((m, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a matcher has no identity but its place
          <li key={index} className="flex flex-wrap items-start gap-2 text-sm">
            <span className="w-36 shrink-0 pt-1.5">{ASKS[m.on]}</span>
            <div className="min-w-0 flex-1 basis-48">
              {m.on === "name" ? (
                <input
                  aria-label="Name, * stands for anything"
                  placeholder="search-*"
                  value={m.is}
                  onChange={(e) => change(index, { ...m, is: e.target.value })}
                  className={`${BOX} w-full`}
                />
              ) : m.on === "label" ? (
                <span className="flex flex-wrap gap-2">
                  <input
                    aria-label="Label's name"
                    placeholder="team"
                    value={m.name}
                    onChange={(e) => change(index, { ...m, name: e.target.value })}
                    className={`${BOX} w-28`}
                  />
                  <select
                    aria-label="How it is compared"
                    value={m.op}
                    onChange={(e) => change(index, { ...m, op: e.target.value as "=" | "!=" | "~" })}
                    className={BOX}
                  >
                    <option value="=">is</option>
                    <option value="!=">is not</option>
                    <option value="~">is like</option>
                  </select>
                  <input
                    aria-label="Label's value"
                    placeholder="search"
                    value={m.value}
                    onChange={(e) => change(index, { ...m, value: e.target.value })}
                    className={`${BOX} w-32 flex-1`}
                  />
                </span>
              ) : (
                <OneOf matcher={m} servers={servers} onChange={(next) => change(index, next)} />
              )}
            </div>
            <Button look="quiet" small onClick={() => onChange(matchers.filter((_, i) => i !== index))}>
              Take out<span className="sr-only">: {ASKS[m.on]}</span>
            </Button>
          </li>
        ))}
      </ul>
      <label className="mt-3 flex items-center gap-2 text-sm text-ink-2">
        Also ask for
        <select
          value=""
          onChange={(e) => onChange([...matchers, fresh(e.target.value as Matcher["on"])])}
          className={BOX}
        >
          <option value="" disabled>
            choose…
          </option>
          {KINDS.map((on) => (
            <option key={on} value={on}>
              {ASKS[on]}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}

function OneOf({
  matcher,
  servers,
  onChange,
}: {
  matcher: Listed;
  servers: { id: string; name: string }[];
  onChange(next: Matcher): void;
}) {
  const all = choices(matcher.on, servers);
  const is = matcher.is as readonly string[];
  const set = (values: string[]) => onChange({ ...matcher, is: values } as Matcher);
  const label = (value: string) => all.find((c) => c.value === value)?.label ?? "a removed server";
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {is.map((value) => (
        <button
          key={value}
          type="button"
          onClick={() => set(is.filter((v) => v !== value))}
          className="inline-flex min-h-7 items-center gap-1 rounded-md border border-line-strong bg-raised px-2 text-xs break-words"
        >
          {label(value)} <X size={12} aria-hidden="true" />
          <span className="sr-only">, take out</span>
        </button>
      ))}
      <select
        aria-label={`${ASKS[matcher.on]}: one more that may be`}
        value=""
        onChange={(e) => set([...is, e.target.value])}
        className={`${BOX} max-w-full`}
      >
        <option value="" disabled>
          {is.length === 0 ? "choose…" : "or…"}
        </option>
        {all
          .filter((c) => !is.includes(c.value))
          .map((c) => (
            <option key={c.value} value={c.value}>
              {c.label}
            </option>
          ))}
      </select>
    </span>
  );
}
