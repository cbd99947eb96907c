import "server-only";
import { headers } from "next/headers";
import { existsSync, readFileSync } from "node:fs";
import { checkpointPlaces, knownKeys, publicKeyFile } from "#lib/adapters/checkpoint-key";
import { env } from "#lib/adapters/env";
import { execute } from "#lib/commands/command";
import { recordExport } from "#lib/commands/audit/export";
import type { Ask } from "#lib/queries/audit-proof";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { actorOf, type Seated } from "./session.ts";

/** Each batch in a read-only transaction of its own: a long verification holds nothing. */
export function askAs(who: Seated): Ask {
  const context = { tenantId: who.seat.id, actorId: who.personId, readOnly: true };
  return (sql, params = []) => db().withTenant(context, (tx) => tx.$queryRawUnsafe(sql, ...params));
}

const file = () => publicKeyFile(checkpointPlaces(env()).keyFile);

/** Empty where the console cannot see the public key: the verification says so. */
export const auditKeys = () => knownKeys(file());
export const auditPublicKey = (): string => (existsSync(file()) ? readFileSync(file(), "utf8") : "");

/** @throws TocsinError E_FORBIDDEN */
export const recordAuditExport = async (who: Seated, why: string): Promise<null> =>
  execute(db(), recordExport, actorOf(who, sourceAddress(await headers())), {}, why);
