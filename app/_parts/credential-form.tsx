"use client";
import { useState } from "react";
import { TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";

export function CredentialForm({
  serverId,
  stored,
  action,
}: {
  serverId: string;
  stored: boolean;
  action: FormAction;
}) {
  const [kind, setKind] = useState<"bearer" | "header">("bearer");
  return (
    <Form action={action} label="Credential" clear>
      <input type="hidden" name="serverId" value={serverId} />
      <fieldset className="flex flex-wrap gap-4 text-sm">
        <legend className="mb-1 font-medium">How it is sent</legend>
        {(["bearer", "header"] as const).map((value) => (
          <label key={value} className="inline-flex items-center gap-2">
            <input
              type="radio"
              name="kind"
              value={value}
              checked={kind === value}
              onChange={() => setKind(value)}
              className="size-4 accent-(--ink)"
            />
            {value === "bearer" ? "Bearer token" : "Header of its own"}
          </label>
        ))}
      </fieldset>
      {kind === "header" && <TextField name="headerName" label="Header name" required mono placeholder="X-API-Key" />}
      <TextField
        name="secret"
        label={kind === "bearer" ? "Token" : "Value"}
        type="password"
        required
        mono
        autoComplete="new-password"
      />
      <FormError fields={["headerName", "secret"]} />
      <div>
        <Submit busy="Sealing…" look="plain">
          {stored ? "Replace credential" : "Store credential"}
        </Submit>
      </div>
    </Form>
  );
}
