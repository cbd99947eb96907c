// Writes one row of the append-only log inside the caller's transaction: no row, no change. The database adds the
// time, the hash and the link of the chain. `body` keeps the RFC 8785 bytes exactly as hashed; personal data goes
// to audit.pii, and only its salted commitment into the chain, so that it can be erased later.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import canonicalize from "canonicalize";
import type { TenantContext, Tx } from "./db.ts";

export interface AuditEntry {
  /** verb of the domain, "incident.acknowledge" */
  action: string;
  /** what it was done to, "incident:<id>" */
  target: string;
  /** What changed, without personal data and without secrets. */
  body: Record<string, unknown>;
  /** Personal data a reader may need (names, free text), with whom it is about. */
  personal?: { subject: string; body: Record<string, unknown> };
}

export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("value has no canonical JSON form");
  return text;
}

export async function audit(tx: Tx, context: TenantContext, entry: AuditEntry): Promise<string> {
  const id = randomUUID();
  const body = canonicalJson(entry.body);
  let commit: Buffer | null = null;
  if (entry.personal) {
    const salt = randomBytes(32);
    const pii = canonicalJson(entry.personal.body);
    commit = createHash("sha256")
      .update(Buffer.from([2]))
      .update(salt)
      .update(pii)
      .digest();
    await tx.$executeRaw`INSERT INTO audit.pii (tenant_id, event_id, subject, salt, body)
      VALUES (${context.tenantId}::uuid, ${id}::uuid, ${entry.personal.subject}, ${salt}, ${pii})`;
  }
  await tx.$executeRaw`INSERT INTO audit.event (id, tenant_id, actor, action, target, body, pii_commit)
    VALUES (${id}::uuid, ${context.tenantId}::uuid, ${context.actorId}::uuid, ${entry.action}, ${entry.target}, ${body}, ${commit})`;
  return id;
}
