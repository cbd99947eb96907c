"use client";
import { useState } from "react";
import { CREDENTIAL_KINDS, type CredentialKind, KIND_WORDS } from "#lib/domain/credential";
import { AreaField, SelectField, TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";

const METHODS = [
  { value: "basic", label: "in the Authorization header (client_secret_basic)" },
  { value: "post", label: "in the body (client_secret_post)" },
];
const FIELDS = {
  bearer: ["secret"],
  header: ["headerName", "secret"],
  oauth: ["issuer", "tokenEndpoint", "clientId", "secret", "scope", "resource", "method"],
  mtls: ["certificate", "privateKey"],
} as const satisfies Record<CredentialKind, readonly string[]>;

export function CredentialForm({
  serverId,
  regions,
  issuer,
  action,
}: {
  serverId: string;
  regions: { name: string; city: string }[];
  /** What the server itself says, for a person to confirm. */
  issuer: string;
  action: FormAction;
}) {
  const [kind, setKind] = useState<CredentialKind>("bearer");
  const [region, setRegion] = useState("");
  return (
    <Form action={action} label="Credential" clear>
      <input type="hidden" name="serverId" value={serverId} />
      <fieldset className="flex flex-wrap gap-x-4 gap-y-2 text-sm">
        <legend className="mb-1 font-medium">How it is shown</legend>
        {CREDENTIAL_KINDS.map((value) => (
          <label key={value} className="inline-flex items-center gap-2">
            <input
              type="radio"
              name="kind"
              value={value}
              checked={kind === value}
              onChange={() => setKind(value)}
              className="size-4 accent-(--ink)"
            />
            {KIND_WORDS[value]}
          </label>
        ))}
      </fieldset>
      <fieldset className="flex flex-wrap gap-x-4 gap-y-2 text-sm">
        <legend className="mb-1 font-medium">From where</legend>
        {[{ name: "", city: "Every region that has none of its own" }, ...regions].map(({ name, city }) => (
          <label key={name} className="inline-flex items-center gap-2">
            <input
              type="radio"
              name="region"
              value={name}
              checked={region === name}
              onChange={() => setRegion(name)}
              className="size-4 accent-(--ink)"
            />
            {city}
          </label>
        ))}
      </fieldset>
      <div key={kind} className="contents">
        <KindFields kind={kind} issuer={issuer} />
      </div>
      {kind !== "mtls" && (
        <TextField
          name="expiresOn"
          label="Ends on"
          placeholder="2027-03-31"
          mono
          help="Read from the token itself where it is a JWT. 72 hours before, you are paged."
        />
      )}
      <FormError fields={[...FIELDS[kind], "expiresOn"]} />
      <div>
        <Submit busy="Sealing…">Store credential</Submit>
      </div>
    </Form>
  );
}

function KindFields({ kind, issuer }: { kind: CredentialKind; issuer: string }) {
  const secret = (label: string) => (
    <TextField name="secret" label={label} type="password" required mono autoComplete="new-password" />
  );
  if (kind === "bearer") return secret("Token");
  if (kind === "header")
    return (
      <>
        <TextField name="headerName" label="Header name" required mono placeholder="X-API-Key" />
        {secret("Value")}
      </>
    );
  if (kind === "mtls")
    return (
      <>
        <AreaField
          name="certificate"
          label="Certificate (PEM)"
          required
          rows={5}
          placeholder="-----BEGIN CERTIFICATE-----"
          help="The client's own first, then any between it and the authority. Its end is read from it."
        />
        <AreaField
          name="privateKey"
          label="Private key (PEM)"
          required
          secret
          rows={5}
          placeholder="-----BEGIN PRIVATE KEY-----"
          help="Without a passphrase. Sealed with the certificate, and never shown again."
        />
      </>
    );
  return (
    <>
      <TextField
        name="issuer"
        label="Issuer"
        mono
        value={issuer}
        placeholder="https://auth.example.com"
        help={
          issuer === ""
            ? "The authorization server, exactly as it names itself. Its token endpoint is found from there."
            : "This is what the server itself says: see that it is yours, because the client's secret is sent there."
        }
      />
      <TextField
        name="tokenEndpoint"
        label="Token endpoint"
        mono
        placeholder="https://auth.example.com/oauth/token"
        help="Only where the issuer publishes no metadata."
      />
      <TextField name="clientId" label="Client id" required mono />
      {secret("Client secret")}
      <TextField name="scope" label="Scope" mono placeholder="mcp:tools" help="The least that can list the tools." />
      <TextField name="resource" label="Resource" mono help="Whom the token is for; empty: the server's own address." />
      <SelectField name="method" label="The client shows its secret" value="basic" options={METHODS} />
    </>
  );
}
