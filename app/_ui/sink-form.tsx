"use client";
import type { SinkField } from "#lib/sinks/sink";
import { AreaField, SelectField, TextField } from "./field.tsx";

/** Draws a sink's own form from its description. Secrets come empty and are never shown again. */
export function SinkFields({
  fields,
  values = {},
  sealed = false,
}: {
  fields: SinkField[];
  values?: Record<string, string>;
  sealed?: boolean;
}) {
  return fields.map((field) => {
    const name = `config.${field.name}`;
    const shared = { name, label: field.label, help: field.help, required: field.required };
    if (field.input === "select")
      return (
        <SelectField
          key={name}
          {...shared}
          options={field.options ?? []}
          value={values[field.name] ?? field.options?.[0]?.value ?? ""}
        />
      );
    if (field.input === "textarea")
      return (
        <AreaField key={name} {...shared} value={values[field.name] ?? ""} placeholder={field.placeholder ?? ""} />
      );
    if (field.input === "secret") {
      const help = sealed
        ? `${field.help} Stored sealed and never shown again; leave empty to keep the one stored.`
        : `${field.help} Stored sealed and never shown again.`;
      return (
        <TextField
          key={name}
          {...shared}
          help={help}
          required={field.required && !sealed}
          type="password"
          autoComplete="new-password"
          placeholder={sealed ? "••••••••" : (field.placeholder ?? "")}
          mono
        />
      );
    }
    return (
      <TextField
        key={name}
        {...shared}
        type={field.input}
        value={values[field.name] ?? ""}
        placeholder={field.placeholder ?? ""}
      />
    );
  });
}
