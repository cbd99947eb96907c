// Each process says that it is there. A heartbeat that stops is how a stopped region or worker is found.
import { hostname } from "node:os";
import type { Db } from "#lib/adapters/db";

export interface ProcessRow {
  id: string;
  kind: "worker" | "guard" | "prober";
  region: string | null;
}

export function heartbeat(db: Db, process: ProcessRow, now: Date): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`INSERT INTO process (id, kind, region, host, started_at, heartbeat_at)
      VALUES (${process.id}::uuid, ${process.kind}, ${process.region}, ${hostname()}, ${now}, ${now})
      ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`;
  });
}

/** An ordered stop is not a silence: it is written down, so that it can be told from a crash. */
export function farewell(db: Db, process: ProcessRow, now: Date): Promise<void> {
  return db.global(async (tx) => {
    await tx.$executeRaw`UPDATE process SET stopped_at = ${now}, heartbeat_at = ${now} WHERE id = ${process.id}::uuid`;
  });
}
