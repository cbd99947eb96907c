import "server-only";
import { type Db, databaseUrls, openDb } from "#lib/adapters/db";

const held = globalThis as typeof globalThis & { tocsinDb?: Db };

/** The console's pool: one per process, also over reloads of modules. */
export function db(): Db {
  held.tocsinDb ??= openDb(databaseUrls().app, { applicationName: "tocsin-console", poolSize: 10 });
  return held.tocsinDb;
}
