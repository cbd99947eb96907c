import "server-only";
import { notFound } from "next/navigation";
import { now } from "#lib/adapters/clock";
import type { Tx } from "#lib/adapters/db";
import { db } from "./db.ts";
import type { Seated } from "./session.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Reads in one read-only transaction of the tenant the viewer looks at; row security does the rest.
 * @param alsoRead further tenants that one question is about: only those where the viewer has a seat that may ask it
 */
export function read<T>(
  who: Seated,
  question: (tx: Tx, now: Date) => Promise<T>,
  alsoRead: readonly string[] = [],
): Promise<T> {
  return db().withTenant({ tenantId: who.seat.id, actorId: who.personId, readOnly: true, alsoRead }, (tx) =>
    question(tx, now()),
  );
}

/** A path's id, or the same 404 that an id of another tenant gives. */
export function idOr404(raw: string): string {
  if (!UUID.test(raw)) notFound();
  return raw;
}

export function found<T>(answer: T | null): T {
  if (answer === null) notFound();
  return answer;
}
