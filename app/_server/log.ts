import "server-only";
import { env } from "#lib/adapters/env";
import { type Log, createLog } from "#lib/adapters/log";

const held = globalThis as typeof globalThis & { tocsinLog?: Log };

export function log(): Log {
  held.tocsinLog ??= createLog("console", env().LOG_LEVEL);
  return held.tocsinLog;
}
