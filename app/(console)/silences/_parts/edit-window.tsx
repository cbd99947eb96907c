"use client";
import { type FormEvent, useState } from "react";
import type { WindowRow } from "#lib/queries/windows";
import { describeRule, NTHS, occurrences, WEEKDAYS, wallClock, windowRule } from "#lib/domain/window";
import { CheckField, SelectField, TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { useNow } from "../../../_ui/now.tsx";
import { saveWindowAction } from "../actions.ts";
import { ruleOfForm } from "./window-form.ts";

const PREVIEWED = 10;
const REPEATS = [
  { value: "weeks", label: "Every week" },
  { value: "days", label: "Every day" },
  { value: "months", label: "Every month" },
  { value: "once", label: "Once" },
];
const DAYS = WEEKDAYS.map((label, i) => ({ value: String(i + 1), label }));
const UNIT: Record<string, string> = { days: "days", weeks: "weeks", months: "months" };

/** What comes of the form as it stands, before anything is saved: the same rule that holds pages back later. */
export function EditWindow({
  servers,
  zones,
  window,
}: {
  servers: { id: string; name: string }[];
  zones: string[];
  window?: WindowRow;
}) {
  const now = useNow();
  const [form, setForm] = useState<FormData | null>(null);
  const look = (event: FormEvent<HTMLElement>) => {
    const at = (event.target as HTMLElement).closest("form");
    if (at !== null) setForm(new FormData(at));
  };
  const rule = window?.rule;
  const given =
    form === null ? (rule === undefined ? null : windowRule.safeParse(rule)) : windowRule.safeParse(ruleOfForm(form));
  const repeat = String(form?.get("rule.repeat") ?? rule?.repeat ?? "weeks");
  const every = form === null ? (window?.serverIds.length ?? 1) === 0 : form.get("every") !== null;
  return (
    <Form
      action={saveWindowAction}
      label={window === undefined ? "Plan maintenance" : `Change ${window.comment}`}
      clear
    >
      <div className="flex flex-col gap-4" onChange={look}>
        <input type="hidden" name="windowId" value={window?.id ?? ""} />
        <TextField
          name="comment"
          label="What is done"
          required
          value={window?.comment ?? ""}
          placeholder="Nightly vacuum, ticket number…"
        />
        <fieldset className="flex flex-col gap-1">
          <legend className="text-sm font-medium">Servers</legend>
          <CheckField
            name="every"
            label="Every server of this tenant"
            checked={window !== undefined && window.serverIds.length === 0}
          />
          {!every && (
            <div className="grid max-h-40 gap-1 overflow-auto rounded-md border p-2 sm:grid-cols-2">
              {servers.map((s) => (
                <CheckField
                  key={s.id}
                  name="serverIds"
                  value={s.id}
                  label={s.name}
                  checked={window?.serverIds.includes(s.id) ?? false}
                />
              ))}
            </div>
          )}
        </fieldset>
        <div className="grid gap-4 sm:grid-cols-3">
          <SelectField name="rule.repeat" label="Comes" value={rule?.repeat ?? "weeks"} options={REPEATS} />
          {repeat !== "once" && (
            <TextField
              name="rule.every"
              label={`Every so many ${UNIT[repeat] ?? ""}`}
              type="number"
              inputMode="numeric"
              value={rule?.every ?? 1}
              required
            />
          )}
          {repeat === "months" && (
            <>
              <SelectField
                name="rule.nth"
                label="Which one"
                value={String(rule?.nth ?? 1)}
                options={Object.entries(NTHS).map(([value, label]) => ({ value, label }))}
              />
              <SelectField name="rule.weekday" label="Day" value={String(rule?.weekday ?? 1)} options={DAYS} />
            </>
          )}
        </div>
        {repeat === "weeks" && (
          <fieldset className="flex flex-wrap gap-x-4 gap-y-1">
            <legend className="text-sm font-medium">On</legend>
            {DAYS.map((d) => (
              <CheckField
                key={d.value}
                name="rule.weekdays"
                value={d.value}
                label={d.label}
                checked={rule?.weekdays.includes(Number(d.value)) ?? false}
              />
            ))}
          </fieldset>
        )}
        <div className="grid gap-4 sm:grid-cols-3">
          <TextField
            name="rule.startsAt"
            label="Starts at"
            value={rule?.startsAt ?? "02:30"}
            required
            mono
            help="By the clock on the wall there."
          />
          <TextField
            name="rule.minutes"
            label="Minutes"
            type="number"
            inputMode="numeric"
            value={rule?.minutes ?? 60}
            required
            help="Real time, also on the nights when clocks change."
          />
          <SelectField
            name="rule.zone"
            label="Time zone"
            value={rule?.zone ?? "UTC"}
            options={zones.map((z) => ({ value: z, label: z }))}
          />
          <TextField
            name="rule.from"
            label={repeat === "once" ? "On" : "From"}
            value={rule?.from ?? new Date(now).toISOString().slice(0, 10)}
            required
            mono
            placeholder="2026-11-22"
          />
          {repeat !== "once" && (
            <TextField
              name="rule.until"
              label="Until"
              value={rule?.until ?? ""}
              mono
              placeholder="2027-06-30"
              help="Its last day; empty: it goes on."
            />
          )}
        </div>
        <Preview given={given} now={now} />
      </div>
      <FormError
        fields={["comment", "rule.from", "rule.until", "rule.minutes", "rule.startsAt", "rule.zone", "rule.every"]}
      />
      <div>
        <Submit busy="Saving…">{window === undefined ? "Plan maintenance" : "Save"}</Submit>
      </div>
    </Form>
  );
}

function Preview({ given, now }: { given: ReturnType<typeof windowRule.safeParse> | null; now: number }) {
  if (given === null) return null;
  if (!given.success)
    return (
      <p className="text-sm text-ink-2">No preview yet: {given.error.issues[0]?.message ?? "something is missing."}</p>
    );
  const times = occurrences(given.data, new Date(now), PREVIEWED);
  return (
    <section aria-label="When it comes" className="rounded-md border bg-raised px-3 py-2">
      <p className="mb-1 text-sm">{describeRule(given.data)}.</p>
      {times.length === 0 ? (
        <p className="text-sm text-ink-2">It would never come: its days have passed.</p>
      ) : (
        <ol className="grid gap-x-6 font-mono text-xs text-ink-2 md:grid-cols-2">
          {times.map(({ start, end }) => (
            <li key={start}>
              {fromTo(wallClock(start, given.data.zone), wallClock(end, given.data.zone))}
              <span className="block">= {new Date(start).toISOString().slice(0, 16).replace("T", " ")} UTC</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** The day of the end is only said where it is another one. */
const fromTo = (start: string, end: string) =>
  `${start} to ${end.slice(0, 14) === start.slice(0, 14) ? end.slice(15) : end}`;
