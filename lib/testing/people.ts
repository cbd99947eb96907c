// People with groups, and the actor that their session would make.
import { randomUUID } from "node:crypto";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import type { Actor } from "#lib/commands/command";
import type { Layer } from "#lib/domain/permissions";
import type { TestDatabase } from "./database.ts";

export async function makePerson(
  db: TestDatabase,
  given: { name?: string; groups: string[]; issuer?: string },
): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at)
     VALUES ($1, $2, $3, $4, $5, '2026-01-01', '2026-01-01')`,
    [id, given.issuer ?? "https://idp.example.com", id, given.name ?? `Person ${id.slice(0, 8)}`, given.groups],
  );
  return id;
}

/** Signed in just now, from a session of their own. */
export function actorFor(personId: string, tenantId: string, layers: Layer[], authTime: Date): Actor {
  return { personId, name: "A person", tenantId, layers, sessionId: randomUUID(), from: "203.0.113.7", authTime };
}

/** A root operator where root operators act: on the installation's own tenant. */
export const rootActor = (personId: string, authTime: Date): Actor =>
  actorFor(personId, PLATFORM_TENANT, ["root", "operator"], authTime);
