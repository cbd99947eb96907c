"use client";
import { useRef } from "react";
import { Form } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";

/** Which tenant is looked at. With one seat only its name is shown. */
export function TenantSwitch({
  seats,
  seatId,
  action,
}: {
  seats: { id: string; name: string }[];
  seatId: string;
  action: FormAction;
}) {
  const submit = useRef<HTMLButtonElement>(null);
  if (seats.length < 2) return <p className="truncate px-1 text-sm font-medium">{seats[0]?.name}</p>;
  return (
    <Form action={action} label="Tenant" className="contents">
      <select
        key={seatId}
        name="tenant"
        aria-label="Tenant"
        defaultValue={seatId}
        onChange={() => submit.current?.click()}
        className="h-8 w-full truncate rounded-md border border-line-strong bg-panel px-2 text-sm font-medium"
      >
        {seats.map((seat) => (
          <option key={seat.id} value={seat.id}>
            {seat.name}
          </option>
        ))}
      </select>
      <button ref={submit} type="submit" hidden tabIndex={-1}>
        Look at this tenant
      </button>
    </Form>
  );
}
