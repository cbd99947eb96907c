// The calendar of a schedule, opened by its address alone. The address holds the tenant and a secret of 32 bytes; only
// that secret's SHA-256 is kept, and the look-up is by hash, so nothing compares secrets.
import { createHash, randomBytes } from "node:crypto";
import type { Tx } from "#lib/adapters/db";
import { DAY_MS, type Shift, shifts } from "#lib/domain/schedule";
import { onCall } from "./roster.ts";

const [TENANT_BYTES, SECRET_BYTES] = [16, 32];
const BACK_DAYS = 7;
const AHEAD_DAYS = 60;

const hashOf = (secret: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createHash("sha256").update("on-call feed:").update(secret).digest());

export function newFeedToken(tenantId: string): { token: string; hash: Uint8Array<ArrayBuffer> } {
  const secret = randomBytes(SECRET_BYTES);
  const token = Buffer.concat([Buffer.from(tenantId.replaceAll("-", ""), "hex"), secret]).toString("base64url");
  return { token, hash: hashOf(secret) };
}

/** @returns null for what is no token */
export function readFeedToken(token: string): { tenantId: string; hash: Uint8Array<ArrayBuffer> } | null {
  if (!/^[\w-]{64}$/.test(token)) return null;
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length !== TENANT_BYTES + SECRET_BYTES) return null;
  const hex = bytes.subarray(0, TENANT_BYTES).toString("hex");
  const tenantId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { tenantId, hash: hashOf(bytes.subarray(TENANT_BYTES)) };
}

export interface Feed {
  id: string;
  name: string;
  zone: string;
  shifts: (Shift & { who: string })[];
}

/** A week back and two months ahead; null when no schedule has this address now. */
export async function feed(
  tx: Tx,
  { tenantId, hash }: { tenantId: string; hash: Uint8Array<ArrayBuffer> },
  now: Date,
): Promise<Feed | null> {
  const row = await tx.schedule.findFirst({
    where: { tenantId, feedHash: hash, removedAt: null },
    select: { id: true },
  });
  if (row === null) return null;
  const { people, schedules, among } = await onCall(tx, now);
  const schedule = schedules.find((s) => s.id === row.id);
  if (schedule === undefined) return null;
  const names = new Map(people.map((p) => [p.id, p.name]));
  const day = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const all = shifts(schedule, among, day - BACK_DAYS * DAY_MS, day + AHEAD_DAYS * DAY_MS);
  const { id, name, zone } = schedule;
  const who = (personId: string | null) => (personId === null ? "" : (names.get(personId) ?? ""));
  return { id, name, zone, shifts: all.map((s) => ({ ...s, who: who(s.personId) })) };
}
