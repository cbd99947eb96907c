"use client";
import { useState } from "react";
import type { Layer } from "#lib/domain/schedule";
import { Button, ButtonLink } from "../../../_ui/button.tsx";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { saveScheduleAction } from "../actions.ts";
import { LayerEditor } from "./layer-editor.tsx";

const MAX_LAYERS = 10;

/** Name, zone and rotations. Of the rotations that are on at a moment, the first one's turn counts. */
export function ScheduleEditor({
  schedule,
  people,
  groups,
  zones,
  today,
}: {
  schedule: { id: string; name: string; zone: string; layers: Layer[] };
  people: { id: string; name: string }[];
  groups: string[];
  zones: string[];
  /** "2026-03-23" */
  today: string;
}) {
  const fresh: Layer = { people: [], startsOn: today, handoffAt: "09:00", everyDays: 7, restrictions: [] };
  const [layers, setLayers] = useState(schedule.layers.length === 0 ? [fresh] : schedule.layers);
  const put = (index: number, next: Layer) => setLayers((all) => all.map((l, i) => (i === index ? next : l)));
  return (
    <Form action={saveScheduleAction} label="Schedule" className="flex flex-col gap-4">
      <input type="hidden" name="scheduleId" value={schedule.id} />
      <input type="hidden" name="layers" value={JSON.stringify(layers)} />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField name="name" label="Name" value={schedule.name} required placeholder="Nights" />
        <SelectField
          name="zone"
          label="Time zone"
          value={schedule.zone}
          options={zones.map((zone) => ({ value: zone, label: zone }))}
          help="Hand-offs keep their hour there, summer and winter."
          required
        />
      </div>
      <ol className="flex flex-col gap-3">
        {layers.map((layer, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rotation has no identity but its place
          <li key={index} className="rounded-lg border bg-panel p-4">
            <LayerEditor
              layer={layer}
              number={index + 1}
              people={people}
              groups={groups}
              onChange={(next) => put(index, next)}
              {...(layers.length > 1 && { onRemove: () => setLayers((all) => all.filter((_, i) => i !== index)) })}
            />
          </li>
        ))}
      </ol>
      {layers.length < MAX_LAYERS && (
        <div>
          <Button small onClick={() => setLayers((all) => [...all, fresh])}>
            Add a rotation behind
          </Button>
        </div>
      )}
      <FormError fields={["name", "zone"]} />
      <div className="flex gap-2">
        <Submit busy="Saving…">Save schedule</Submit>
        <ButtonLink href="/on-call" look="quiet">
          Close
        </ButtonLink>
      </div>
    </Form>
  );
}
