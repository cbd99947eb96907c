"use client";
import { createContext, startTransition, useActionState, useContext, useEffect, useRef, type ReactNode } from "react";
import { toast } from "sonner";
import { Button, type ButtonLook } from "./button.tsx";
import { ConfirmYou } from "./confirm-you.tsx";
import { useHydrated } from "./hydrated.ts";
import { IDLE, type FormAction, type FormState } from "./form-state.ts";
import { restoreTyped } from "./typed.ts";

interface FormHere {
  state: FormState;
  pending: boolean;
}
const FormContext = createContext<FormHere>({ state: IDLE, pending: false });
export const useFormHere = () => useContext(FormContext);

/**
 * A form over one action. It submits from an event handler, not through React's own reset, so what a person typed
 * stays when the action refuses. An error with a field stands beside it; any other stands above the buttons.
 */
export function Form({
  action,
  children,
  label,
  onDone,
  clear = false,
  className = "flex flex-col gap-4",
}: {
  action: FormAction;
  children: ReactNode;
  label: string;
  onDone?: () => void;
  clear?: boolean;
  className?: string;
}) {
  // Said here and not in an effect: what the action changed may take this form off the page.
  const [state, dispatch, pending] = useActionState(async (before: FormState, data: FormData) => {
    const after = await action(before, data);
    if (after.ok === true && after.message !== "") toast.success(after.message);
    return after;
  }, IDLE);
  const form = useRef<HTMLFormElement>(null);
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (form.current !== null) restoreTyped(form.current);
  }, []);
  useEffect(() => {
    if (state.ok === true) {
      if (clear) form.current?.reset();
      done.current?.();
    }
    if (state.ok === false && state.field !== null) {
      form.current?.querySelector<HTMLElement>(`[name="${CSS.escape(state.field)}"]`)?.focus();
    }
  }, [state, clear]);
  return (
    <form
      ref={form}
      aria-label={label}
      className={className}
      // Never "get": sent before the scripts run, a form must not put what was typed into the address.
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (pending) return;
        const data = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
        startTransition(() => dispatch(data));
      }}
    >
      <FormContext value={{ state, pending }}>
        {children}
        {state.ok === false && state.code === "E_STEP_UP" && (
          <ConfirmYou form={() => form.current} emergency={state.door === "emergency"} />
        )}
      </FormContext>
    </form>
  );
}

/** The refusal that belongs to no field. */
export function FormError({ fields = [] }: { fields?: string[] }) {
  const { state } = useFormHere();
  if (state.ok !== false || state.code === "E_STEP_UP") return null;
  if (state.field !== null && fields.includes(state.field)) return null;
  return (
    <p role="alert" className="rounded-md border border-down bg-down-wash px-3 py-2 text-sm text-ink">
      {state.message}
    </p>
  );
}

export function Submit({
  children,
  busy,
  look = "primary",
  small = false,
  name,
  value,
  shortcut,
}: {
  children: ReactNode;
  busy: string;
  look?: ButtonLook;
  small?: boolean;
  name?: string;
  value?: string;
  shortcut?: string;
}) {
  const { pending } = useFormHere();
  const ready = useHydrated();
  return (
    <Button
      type="submit"
      look={look}
      small={small}
      disabled={!ready}
      aria-disabled={pending}
      name={name}
      value={value}
      data-shortcut={shortcut}
      aria-keyshortcuts={shortcut}
    >
      {pending ? busy : children}
    </Button>
  );
}

/** A form that is only a button: one click, one action. */
export function ActButton({
  action,
  fields,
  children,
  busy,
  look = "plain",
  small = false,
  label,
  shortcut,
}: {
  action: FormAction;
  fields: Record<string, string>;
  children: ReactNode;
  busy: string;
  look?: ButtonLook;
  small?: boolean;
  label: string;
  shortcut?: string;
}) {
  return (
    <Form action={action} label={label} className="inline-flex flex-wrap items-center gap-2">
      {Object.entries(fields).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <ShortcutSubmit busy={busy} look={look} small={small} shortcut={shortcut}>
        {children}
      </ShortcutSubmit>
      <FormError />
    </Form>
  );
}

function ShortcutSubmit({
  children,
  busy,
  look,
  small,
  shortcut,
}: {
  children: ReactNode;
  busy: string;
  look: ButtonLook;
  small: boolean;
  shortcut: string | undefined;
}) {
  const { pending } = useFormHere();
  const ready = useHydrated();
  return (
    <Button
      type="submit"
      look={look}
      small={small}
      disabled={!ready}
      aria-disabled={pending}
      data-shortcut={shortcut}
      aria-keyshortcuts={shortcut}
    >
      {pending ? busy : children}
    </Button>
  );
}
