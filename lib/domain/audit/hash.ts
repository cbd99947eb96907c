// The log's arithmetic, done again outside the database from the stored bytes. Everything travels as lower-case hex, so
// that a row, a line of an export and a checkpoint compare as text. The same formulas stand in the audit_log migration.
import { hash } from "node:crypto";

/** An event as stored; `at` is UTC with six decimals ("2026-11-21T07:00:00.000000Z"), `body` the bytes as hashed. */
export interface AuditEvent {
  id: string;
  tenantId: string;
  at: string;
  actor: string;
  actAs: string | null;
  grantId: string | null;
  action: string;
  target: string;
  body: string;
  /** hex, null when the event has no personal data */
  piiCommit: string | null;
}

const ABSENT = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const sha256 = (...parts: readonly Uint8Array[]): string => hash("sha256", Buffer.concat(parts), "hex");
const hex = (text: string): Buffer => Buffer.from(text, "hex");

function frame(fields: readonly (string | null)[]): Buffer[] {
  return fields.flatMap((field) => {
    if (field === null) return [ABSENT];
    const bytes = Buffer.from(field, "utf8");
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(bytes.length);
    return [length, bytes];
  });
}

/** SHA-256(0x00 ‖ length-prefixed fields), hex. */
export function contentHash(e: AuditEvent): string {
  return sha256(
    Buffer.from([0]),
    ...frame([e.id, e.tenantId, e.at, e.actor, e.actAs, e.grantId, e.action, e.target, e.body, e.piiCommit]),
  );
}

/** SHA-256(0x01 ‖ prev ‖ int8(seq) ‖ content hash), hex. */
export function linkHash(prev: string, seq: number, content: string): string {
  const number = Buffer.allocUnsafe(8);
  number.writeBigInt64BE(BigInt(seq));
  return sha256(Buffer.from([1]), hex(prev), number, hex(content));
}

/** What the first link of a tenant's chain stands on. */
export const genesis = (tenantId: string): string => hash("sha256", `genesis:${tenantId}`, "hex");

/** SHA-256(0x02 ‖ salt ‖ body), hex: the commitment to personal data that may be erased later. */
export const piiCommitment = (salt: string, body: string): string =>
  sha256(Buffer.from([2]), hex(salt), Buffer.from(body, "utf8"));
