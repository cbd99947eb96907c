"use client";
import { type ReactNode, useRef } from "react";
import { Button } from "../../../_ui/button.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { acknowledgeManyAction } from "../actions.ts";

/** Rows are chosen by click, by Tab and Space, or with j, k and x; "a" acknowledges what is chosen. */
export function AcknowledgeMany({ open, children }: { open: number; children: ReactNode }) {
  const bar = useRef<HTMLDivElement>(null);
  const all = () => {
    const boxes = [...(bar.current?.closest("form")?.querySelectorAll<HTMLInputElement>('[name="incidentIds"]') ?? [])];
    const choose = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = choose;
  };
  return (
    <Form action={acknowledgeManyAction} label="Acknowledge selected incidents" clear className="flex flex-col gap-2">
      <div ref={bar} className="flex flex-wrap items-center gap-2">
        <Submit busy="Acknowledging…" look="plain" small shortcut="a">
          Acknowledge selected
        </Submit>
        <Button small look="quiet" onClick={all}>
          Select all or none ({open})
        </Button>
      </div>
      <FormError />
      {children}
    </Form>
  );
}
