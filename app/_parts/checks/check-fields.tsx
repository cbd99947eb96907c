"use client";
import type { CheckField } from "#lib/domain/extra-check/form";
import { AreaField, CheckField as Tick, SelectField, TextField } from "../../_ui/field.tsx";

/** Draws a kind's own form from its description. */
export function CheckFields({ fields, values }: { fields: readonly CheckField[]; values: Record<string, string> }) {
  return fields.map((field) => {
    const name = `settings.${field.name}`;
    const value = values[field.name] ?? "";
    const shared = { name, label: field.label, help: field.help, required: field.required };
    if (field.input === "check")
      return <Tick key={name} name={name} label={field.label} help={field.help} checked={value === "on"} />;
    if (field.input === "select")
      return (
        <SelectField
          key={name}
          {...shared}
          options={[...(field.options ?? [])]}
          value={value === "" ? (field.options?.[0]?.value ?? "") : value}
        />
      );
    if (field.input === "textarea")
      return <AreaField key={name} {...shared} value={value} placeholder={field.placeholder ?? ""} />;
    return (
      <TextField
        key={name}
        {...shared}
        type={field.input === "number" ? "text" : field.input}
        {...(field.input === "number" && { inputMode: "numeric" as const })}
        value={value}
        placeholder={field.placeholder ?? ""}
      />
    );
  });
}
