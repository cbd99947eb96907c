// How a server is signed in to: what is stored, never its value, and what the last looks from each region found.
import type { Tx } from "#lib/adapters/db";
import { CREDENTIAL_KINDS, type CredentialKind, oauthSettingsSchema } from "#lib/domain/credential";
import { credentialWalkSchema } from "#lib/domain/outcome";
import { findingsSchema, tokenStateSchema } from "#lib/domain/wall";
import { regionsOf } from "./servers.ts";
import { shownUrl } from "./words.ts";

export interface StoredCredential {
  /** Empty: every region that has none of its own. */
  region: string;
  city: string;
  kind: CredentialKind;
  headerName: string;
  /** Epoch milliseconds, as everywhere in answers. */
  at: number;
  expiresAt: number | null;
  settings: Record<string, string>;
}

export async function serverCredential(tx: Tx, serverId: string) {
  const server = await tx.server.findFirst({ where: { id: serverId, removedAt: null } });
  if (server === null) return null;
  const state = await tx.serverNow.findFirst({ where: { serverId }, select: { auth: true } });
  const regions = await regionsOf(tx);
  const city = (name: string) => regions.find((r) => r.name === name)?.city ?? name;
  const rows = await tx.serverCredential.findMany({
    where: { serverId },
    select: { region: true, kind: true, headerName: true, createdAt: true, expiresAt: true, settings: true },
    orderBy: { region: "asc" },
  });
  const stored = rows.map(
    (row): StoredCredential => ({
      region: row.region,
      city: row.region === "" ? "every region" : city(row.region),
      kind: CREDENTIAL_KINDS.find((k) => k === row.kind) ?? "bearer",
      headerName: row.headerName,
      at: row.createdAt.getTime(),
      expiresAt: row.expiresAt?.getTime() ?? null,
      settings: words(row.settings),
    }),
  );
  const walls = await tx.serverWall.findMany({ where: { serverId }, orderBy: { region: "asc" } });
  return {
    server: { id: server.id, name: server.name, url: server.url, shownUrl: shownUrl(server.url) },
    auth: state?.auth ?? "unknown",
    regions,
    stored,
    walls: walls.map((wall) => {
      const own = stored.find((c) => c.region === wall.region) ?? stored.find((c) => c.region === "");
      // What was seen with another credential, or before one was stored, is no word about this one.
      const current = own === undefined || wall.lookedAt.getTime() >= own.at;
      const parsed = <T>(schema: { safeParse(v: unknown): { success: boolean; data?: T } }, value: unknown) =>
        schema.safeParse(value).data ?? null;
      return {
        region: wall.region,
        city: city(wall.region),
        at: wall.lookedAt.getTime(),
        walk: current ? parsed(credentialWalkSchema, wall.walk) : null,
        findings: parsed(findingsSchema, wall.findings),
        token: current ? parsed(tokenStateSchema, wall.token) : null,
      };
    }),
  };
}
export type CredentialPage = NonNullable<Awaited<ReturnType<typeof serverCredential>>>;

/** What of a credential is no secret, as text. */
function words(settings: unknown): Record<string, string> {
  const oauth = oauthSettingsSchema.safeParse(settings);
  const all = oauth.success ? oauth.data : typeof settings === "object" && settings !== null ? settings : {};
  return Object.fromEntries(
    Object.entries(all).flatMap(([k, v]) => (typeof v === "string" && v !== "" ? [[k, v.slice(0, 2048)]] : [])),
  );
}
