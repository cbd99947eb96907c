"use client";
import clsx from "clsx";
import { useId, type ReactNode } from "react";
import { useFormHere } from "./form.tsx";

const BOX =
  "w-full rounded-md border border-line-strong bg-panel px-2.5 text-sm text-ink placeholder:text-ink-3 aria-invalid:border-down";

interface Shared {
  name: string;
  label: string;
  help?: ReactNode;
  required?: boolean;
}

function useField(name: string) {
  const id = useId();
  const { state } = useFormHere();
  const error = state.ok === false && state.field === name ? state.message : null;
  return {
    id,
    error,
    aria: { id, name, "aria-invalid": error !== null || undefined, "aria-describedby": `${id}-help` } as const,
  };
}

function Frame({
  id,
  label,
  help,
  error,
  required,
  children,
}: {
  id: string;
  label: string;
  help?: ReactNode;
  error: string | null;
  required: boolean;
  children: ReactNode;
}) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {!required && <span className="ml-1.5 text-xs font-normal text-ink-3">optional</span>}
      </label>
      {children}
      <div id={`${id}-help`} className="text-xs">
        {error !== null ? (
          <p role="alert" className="font-medium text-down">
            {error}
          </p>
        ) : (
          help !== undefined && <p className="text-ink-2">{help}</p>
        )}
      </div>
    </div>
  );
}

export function TextField({
  type = "text",
  value,
  placeholder,
  autoComplete = "off",
  mono = false,
  inputMode,
  ...shared
}: Shared & {
  type?: "text" | "url" | "email" | "password" | "number" | "datetime-local";
  value?: string | number;
  placeholder?: string;
  autoComplete?: string;
  mono?: boolean;
  inputMode?: "url" | "email" | "numeric";
}) {
  const { id, error, aria } = useField(shared.name);
  return (
    <Frame id={id} label={shared.label} help={shared.help} error={error} required={shared.required ?? false}>
      <input
        {...aria}
        type={type}
        defaultValue={value}
        placeholder={placeholder}
        autoComplete={autoComplete}
        spellCheck={false}
        inputMode={inputMode}
        required={shared.required}
        className={clsx(BOX, "h-9", mono && "font-mono")}
      />
    </Frame>
  );
}

export function AreaField({
  value,
  placeholder,
  rows = 3,
  secret = false,
  ...shared
}: Shared & { value?: string; placeholder?: string; rows?: number; secret?: boolean }) {
  const { id, error, aria } = useField(shared.name);
  return (
    <Frame id={id} label={shared.label} help={shared.help} error={error} required={shared.required ?? false}>
      <textarea
        {...aria}
        data-secret={secret || undefined}
        autoComplete={secret ? "off" : undefined}
        spellCheck={!secret}
        rows={rows}
        defaultValue={value}
        placeholder={placeholder}
        required={shared.required}
        className={clsx(BOX, "py-2")}
      />
    </Frame>
  );
}

export function SelectField({
  value,
  options,
  ...shared
}: Shared & { value?: string; options: { value: string; label: string }[] }) {
  const { id, error, aria } = useField(shared.name);
  return (
    <Frame id={id} label={shared.label} help={shared.help} error={error} required={shared.required ?? true}>
      <select {...aria} defaultValue={value} className={clsx(BOX, "h-9")}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

export function CheckField({
  name,
  label,
  help,
  checked = false,
  value = "on",
}: {
  name: string;
  label: ReactNode;
  help?: ReactNode;
  checked?: boolean;
  value?: string;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input
        id={id}
        type="checkbox"
        name={name}
        value={value}
        defaultChecked={checked}
        className="mt-0.5 size-4 shrink-0 accent-(--ink)"
      />
      <label htmlFor={id} className="text-sm">
        {label}
        {help !== undefined && <span className="block text-xs text-ink-2">{help}</span>}
      </label>
    </div>
  );
}
