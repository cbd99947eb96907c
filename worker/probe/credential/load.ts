// A stored credential as a probe uses it: headers and certificate that go over the wire, or a client that gets a token
// for them first. What an older version stored reads the same.
import {
  type CredentialKind,
  CREDENTIAL_KINDS,
  oauthSettingsSchema,
  type Presented,
  sealedCertificateSchema,
} from "#lib/domain/credential";
import { type EraClass, scopeKey, surfaceState } from "#lib/domain/drift";
import { TocsinError } from "#lib/domain/error";
import type { OAuthClient } from "./tokens.ts";

export interface StoredCredential {
  region: string;
  kind: string;
  headerName: string;
  settings: unknown;
  createdAt: Date;
}

/** What the region keeps of a server that is behind a wall, or may be. */
export interface Guarded {
  /** Null: no credential is stored. */
  kind: CredentialKind | null;
  /** When it was stored, epoch milliseconds; 0 without one. */
  version: number;
  client: OAuthClient | null;
  /** The test call that the walk looks at; null: none is designated. */
  callId: string | null;
  /** Full hashes of the accepted tool lists, by the era in which they were read with a credential. */
  accepted: Partial<Record<EraClass, string>>;
}

export const unguarded: Guarded = { kind: null, version: 0, client: null, callId: null, accepted: {} };

/** @param secret as it was sealed. @throws TocsinError E_CONFIG for what this version cannot read */
export function openedCredential(
  stored: StoredCredential,
  secret: string,
  of: { tenantId: string; serverId: string; url: string },
): { presented: Presented; guarded: Guarded } {
  const kind = CREDENTIAL_KINDS.find((k) => k === stored.kind);
  const guarded: Guarded = { ...unguarded, kind: kind ?? null, version: stored.createdAt.getTime() };
  const headers = (value: Record<string, string>) => ({ presented: { headers: value }, guarded });
  if (kind === "bearer") return headers({ Authorization: `Bearer ${secret}` });
  if (kind === "header") return headers({ [stored.headerName]: secret });
  try {
    if (kind === "mtls") {
      const clientCertificate = sealedCertificateSchema.parse(JSON.parse(secret));
      return { presented: { headers: {}, clientCertificate }, guarded };
    }
    if (kind === "oauth") {
      const { tenantId, serverId, url } = of;
      const settings = oauthSettingsSchema.parse(stored.settings);
      const base = { tenantId, serverId, region: stored.region, version: guarded.version, serverUrl: url };
      return {
        presented: { headers: {} },
        guarded: { ...guarded, client: { ...base, settings, clientSecret: secret } },
      };
    }
  } catch {
    // Said below: what was wrong with it may quote it.
  }
  throw new TocsinError("E_CONFIG", "A stored credential is of a form that this version cannot read: enter it again.");
}

/** @param surface as it stands on server_now */
export function acceptedLists(surface: unknown): Guarded["accepted"] {
  if (surface === null || surface === undefined) return {};
  const { scopes } = surfaceState(surface);
  const of = (era: EraClass) => scopes[scopeKey({ era, credentialed: true })]?.accepted;
  const [legacy, modern] = [of("legacy"), of("modern")];
  return { ...(legacy && { legacy }), ...(modern && { modern }) };
}
