"use client";
import { AlertDialog } from "radix-ui";
import { useState, type ReactNode } from "react";
import { Button, buttonClass, type ButtonLook } from "./button.tsx";
import { Form, FormError, Submit } from "./form.tsx";
import type { FormAction } from "./form-state.ts";
import { useHydrated } from "./hydrated.ts";

/** Asks before an act that cannot be taken back: names the object in the title and the consequence in the body. */
export function Confirm({
  trigger,
  triggerLook = "danger",
  title,
  consequence,
  verb,
  busy,
  action,
  fields,
  small = false,
  children,
}: {
  trigger: ReactNode;
  triggerLook?: ButtonLook;
  title: string;
  consequence: ReactNode;
  verb: string;
  busy: string;
  action: FormAction;
  fields: Record<string, string>;
  small?: boolean;
  children?: ReactNode;
}) {
  const ready = useHydrated();
  const [open, setOpen] = useState(false);
  return (
    <AlertDialog.Root open={open} onOpenChange={setOpen}>
      <AlertDialog.Trigger disabled={!ready} className={buttonClass(triggerLook, small)}>
        {trigger}
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-40 bg-shade" />
        <AlertDialog.Content className="enter fixed top-1/2 left-1/2 z-50 w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 -translate-y-1/2 rounded-lg border bg-panel p-5 shadow-xl">
          <AlertDialog.Title className="text-lg font-semibold break-words">{title}</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="mt-2 text-sm text-ink-2">{consequence}</div>
          </AlertDialog.Description>
          <Form action={action} label={title} onDone={() => setOpen(false)} className="mt-4 flex flex-col gap-4">
            {Object.entries(fields).map(([name, value]) => (
              <input key={name} type="hidden" name={name} value={value} />
            ))}
            {children}
            <FormError />
            <div className="flex justify-end gap-2">
              <AlertDialog.Cancel asChild>
                <Button look="plain">Cancel</Button>
              </AlertDialog.Cancel>
              <Submit look="danger" busy={busy}>
                {verb}
              </Submit>
            </div>
          </Form>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
