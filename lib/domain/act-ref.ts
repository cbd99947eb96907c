// What a link or a button in a notice carries: which incident of which tenant, by way of which sink, and until when.
// Signed by us and opaque to everybody else; it shows a page or names an incident, and who may act is asked apart.
import { createHmac } from "node:crypto";
import { sameSecret } from "./signature.ts";

export interface ActRef {
  tenantId: string;
  incidentId: string;
  sinkId: string;
  /** Until when it holds. */
  until: Date;
}

export const REF_DAYS = 7;
const MAC_BYTES = 16;
const BODY_BYTES = 52;

const raw = (uuid: string) => Buffer.from(uuid.replaceAll("-", ""), "hex");
const uuid = (bytes: Buffer) => bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
const mac = (key: Uint8Array, body: Uint8Array) =>
  createHmac("sha256", key).update("act").update(body).digest().subarray(0, MAC_BYTES);

/** @param since when the notice was decided: a retry says the same */
export function makeRef(key: Uint8Array, of: Omit<ActRef, "until">, since: Date): string {
  const until = Buffer.alloc(4);
  until.writeUInt32BE(Math.floor(since.getTime() / 1000) + REF_DAYS * 86_400);
  const body = Buffer.concat([raw(of.tenantId), raw(of.incidentId), raw(of.sinkId), until]);
  return Buffer.concat([body, mac(key, body)]).toString("base64url");
}

/** @returns null for what we did not make; "over" once its time is past */
export function readRef(key: Uint8Array, ref: string, now: Date): ActRef | "over" | null {
  if (!/^[\w-]{91}$/.test(ref)) return null;
  const bytes = Buffer.from(ref, "base64url");
  const body = bytes.subarray(0, BODY_BYTES);
  if (bytes.length !== BODY_BYTES + MAC_BYTES || !sameSecret(mac(key, body), bytes.subarray(BODY_BYTES))) return null;
  const until = new Date(body.readUInt32BE(48) * 1000);
  if (until <= now) return "over";
  return {
    tenantId: uuid(body.subarray(0, 16)),
    incidentId: uuid(body.subarray(16, 32)),
    sinkId: uuid(body.subarray(32, 48)),
    until,
  };
}
