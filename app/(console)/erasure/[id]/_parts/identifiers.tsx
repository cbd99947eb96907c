"use client";
import { useActionState } from "react";
import { Button } from "../../../../_ui/button.tsx";
import { type FormState, IDLE } from "../../../../_ui/form-state.ts";
import { useHydrated } from "../../../../_ui/hydrated.ts";

export interface Opened {
  state: FormState;
  read: { identifiers: string[]; note: string } | null;
}

/** Shown on request and gone with the page. */
export function Identifiers({
  requestId,
  count,
  action,
}: {
  requestId: string;
  count: number;
  action: (before: Opened, form: FormData) => Promise<Opened>;
}) {
  const [{ state, read }, dispatch, pending] = useActionState(action, { state: IDLE, read: null });
  const ready = useHydrated();
  if (read !== null)
    return (
      <div role="status">
        <ul className="flex flex-col gap-1 font-mono text-sm">
          {read.identifiers.map((identifier) => (
            <li key={identifier} className="break-all">
              {identifier}
            </li>
          ))}
        </ul>
        {read.note !== "" && <p className="mt-3 border-t pt-3 text-sm break-words">{read.note}</p>}
      </div>
    );
  return (
    <form action={dispatch} aria-label="Whom it is about" className="flex flex-col items-start gap-3">
      <input type="hidden" name="requestId" value={requestId} />
      <p className="text-sm text-ink-2">
        {count === 1 ? "One identifier is sealed." : `${count} identifiers are sealed.`} Reading leaves a row in the
        log, with your name.
      </p>
      <Button type="submit" disabled={!ready || pending}>
        {pending ? "Opening…" : "Read whom it is about"}
      </Button>
      {state.ok === false && (
        <p role="alert" className="rounded-md border border-down bg-down-wash px-3 py-2 text-sm text-ink">
          {state.message}
        </p>
      )}
    </form>
  );
}
