"use client";
import { useState } from "react";
import { HEARTBEAT_KINDS, HEARTBEAT_WORDS, type HeartbeatKind } from "#lib/domain/heartbeat-target";
import { SelectField, TextField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { addHeartbeatAction } from "../actions.ts";

const SECRET: Record<HeartbeatKind, string> = {
  url: "URL",
  opsgenie_us: "API key",
  opsgenie_eu: "API key",
  jsm: "API token",
};

export function AddHeartbeat() {
  const [kind, setKind] = useState<HeartbeatKind>("url");
  return (
    <Form action={addHeartbeatAction} label="Add a heartbeat" clear>
      <div
        className="grid gap-4 sm:grid-cols-2"
        onChange={(event) => {
          const { name, value } = event.target as HTMLInputElement;
          if (name === "kind") setKind(HEARTBEAT_KINDS.find((k) => k === value) ?? "url");
        }}
      >
        <SelectField
          name="kind"
          label="What takes it"
          value="url"
          options={HEARTBEAT_KINDS.map((value) => ({ value, label: HEARTBEAT_WORDS[value] }))}
        />
        <TextField name="name" label="Name" required help="As the service shows it." />
        <TextField name="secret" type="password" label={SECRET[kind]} required help="Sealed, and never shown again." />
        {kind === "url" && (
          <SelectField
            name="method"
            label="Asked with"
            value="GET"
            options={["GET", "POST"].map((v) => ({ value: v, label: v }))}
          />
        )}
        {kind === "jsm" && (
          <>
            <TextField name="cloudId" label="Cloud id" required mono />
            <TextField name="teamId" label="Team id" required mono />
            <TextField name="email" label="E-mail address of the API token" type="email" required />
          </>
        )}
      </div>
      <FormError fields={["kind", "name", "secret", "cloudId", "teamId", "email"]} />
      <div>
        <Submit busy="Adding…">Add the heartbeat</Submit>
      </div>
    </Form>
  );
}
