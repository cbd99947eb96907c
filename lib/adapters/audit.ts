// Writes one row of the append-only log inside the caller's transaction: no row, no change. The database adds the
// time, the hash and the link of the chain. `body` keeps the RFC 8785 bytes exactly as hashed; personal data goes
// to audit.pii, and only its salted commitment into the chain, so that it can be erased later.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import canonicalize from "canonicalize";
import { boundedBody, boundedTarget } from "../domain/audit/bounded.ts";
import { TocsinError } from "../domain/error.ts";
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

/**
 * One row. Where the request came from and why it was made are taken from the context's trace.
 * @returns the event's id
 * @throws TocsinError E_UNAVAILABLE when it cannot be written: then whatever it is about rolls back with it
 */
export async function audit(tx: Tx, context: TenantContext, entry: AuditEntry): Promise<string> {
  try {
    return await write(tx, context, entry);
  } catch (cause) {
    throw new TocsinError(
      "E_UNAVAILABLE",
      "The audit log could not be written, so nothing was changed: try again in a minute.",
      { cause, detail: cause instanceof Error ? (cause.message.split("\n").at(-1)?.slice(0, 300) ?? "") : "" },
    );
  }
}

async function write(tx: Tx, context: TenantContext, entry: AuditEntry): Promise<string> {
  const id = randomUUID();
  const body = canonicalJson(boundedBody(entry.body));
  const { from, why, actAs, grantId } = context.trace ?? {};
  // Where from and why may name a person or their home: they stand with what can be erased.
  const readable = { ...entry.personal?.body, ...(from ? { from } : {}), ...(why ? { why } : {}) };
  let commit: Buffer | null = null;
  if (Object.keys(readable).length > 0) {
    const salt = randomBytes(32);
    const subject = entry.personal?.subject ?? `person:${context.actorId}`;
    const pii = canonicalJson(boundedBody(readable));
    commit = createHash("sha256")
      .update(Buffer.from([2]))
      .update(salt)
      .update(pii)
      .digest();
    await tx.$executeRaw`INSERT INTO audit.pii (tenant_id, event_id, subject, salt, body)
      VALUES (${context.tenantId}::uuid, ${id}::uuid, ${subject}, ${salt}, ${pii})`;
  }
  await tx.$executeRaw`INSERT INTO audit.event (id, tenant_id, actor, act_as, grant_id, action, target, body, pii_commit)
    VALUES (${id}::uuid, ${context.tenantId}::uuid, ${context.actorId}::uuid, ${actAs ?? null}::uuid, ${grantId ?? null}::uuid,
      ${entry.action}, ${boundedTarget(entry.target)}, ${body}, ${commit})`;
  return id;
}
