// Remembers over the way to the identity provider that a sign-in was asked for as a new proof of who somebody is, and when.
import "server-only";
import { createHmac, timingSafeEqual } from "node:crypto";
import { env } from "#lib/adapters/env";

const mark = (ms: string) =>
  createHmac("sha256", env().TOCSIN_SECRET).update(`asked again at ${ms}`).digest("base64url");

export function askedMark(at: Date): string {
  const ms = String(at.getTime());
  return `${ms}.${mark(ms)}`;
}

/** null for none and for one that was not made here. */
export function askedAt(value: string | undefined): Date | null {
  const [ms = "", given = ""] = (value ?? "").split(".");
  if (!/^\d{13}$/.test(ms)) return null;
  const [a, b] = [Buffer.from(mark(ms)), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b) ? new Date(Number(ms)) : null;
}
