// Months of the log after seven years: written to a file that verifies without a database, then dropped. The database
// decides whether it may be (audit.drop_partition), so a step that is repeated, or a worker that is killed between two,
// changes nothing: an export is written anew, a drop is one transaction.
import { readFileSync } from "node:fs";
import { archiveFolder, writeArchive } from "#lib/adapters/checkpoint-archive";
import { type CheckpointPlaces, publicKeyFile } from "#lib/adapters/checkpoint-key";
import { type Db, PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { linkLines } from "#lib/commands/audit/export";
import { BUNDLE_FORMAT, type BundleManifest, bundleLine } from "#lib/domain/audit/bundle";
import { genesis } from "#lib/domain/audit/hash";
import { type Ask, checkpointOver, hashesAt } from "#lib/queries/audit-proof";

/** A month of every tenant may take minutes to read and to drop. */
const platform = { tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR, patient: true };

interface DueRow {
  month: string;
  tenant_id: string | null;
  slug: string | null;
  first: string;
  last: string;
  events: string;
  links: string;
}

export interface Retired {
  exported: number;
  dropped: string[];
  /** The first month that could not go, and why; those after it wait as well. */
  refused: { month: string; sentence: string } | null;
}

/** Oldest first. */
export async function retireMonths(db: Db, places: CheckpointPlaces, log: Log, now: Date): Promise<Retired> {
  const done: Retired = { exported: 0, dropped: [], refused: null };
  const rows = await db.withTenant(
    { ...platform, readOnly: true },
    (tx) => tx.$queryRaw<
      DueRow[]
    >`SELECT to_char(d.month, 'YYYY-MM') AS month, d.tenant_id::text, t.slug, d.first_seq::text AS first,
      d.last_seq::text AS last, d.events::text, encode(d.links, 'hex') AS links
      FROM audit.due_months() d LEFT JOIN tenant t ON t.id = d.tenant_id ORDER BY d.month, d.tenant_id`,
  );
  for (const [month, due] of Map.groupBy(rows, (r) => r.month)) {
    for (const row of due) if (row.tenant_id !== null && (await exportMonth(db, places, row, now))) done.exported += 1;
    const refused = await dropMonth(db, month);
    if (refused !== null) {
      log.warn({ month, refused }, "a month of the audit log is seven years old and cannot be dropped");
      return { ...done, refused: { month, sentence: refused } };
    }
    log.info({ month }, "a month of the audit log was dropped after seven years; its export stays");
    done.dropped.push(month);
  }
  return done;
}

/** @returns false when the month was exported before, or cannot be yet */
export async function exportMonth(
  db: Db,
  places: CheckpointPlaces,
  row: Pick<DueRow, "month" | "tenant_id" | "slug" | "first" | "last" | "events" | "links">,
  now: Date,
): Promise<boolean> {
  const tenantId = row.tenant_id ?? "";
  // The log of a tenant that was erased is exported and goes like any other.
  const context = { tenantId, actorId: WORKER_ACTOR, evenErased: true };
  // A transaction for each batch: what stands in the log does not change between two.
  const ask: Ask = (sql, params = []) =>
    db.withTenant({ ...context, readOnly: true }, (tx) => tx.$queryRawUnsafe(sql, ...params));
  const [before] = await ask<{ links: string }>(
    "SELECT encode(links, 'hex') AS links FROM audit.export_record WHERE tenant_id = $1::uuid AND month = to_date($2, 'YYYY-MM') ORDER BY at DESC LIMIT 1",
    [tenantId, row.month],
  );
  if (before?.links === row.links) return false;
  const over = await checkpointOver(ask, tenantId, Number(row.last));
  if (over?.own === undefined) return false;
  const seq = Number(row.first) - 1;
  const [hash] = seq === 0 ? [genesis(tenantId)] : await hashesAt(ask, [{ tenantId, seq, hash: "" }]);
  const manifest: BundleManifest = {
    format: BUNDLE_FORMAT,
    tenantId,
    slug: row.slug ?? "",
    exportedAt: now.toISOString(),
    month: row.month,
    from: { seq, hash: hash ?? "" },
    head: { tenantId, seq: over.own.seq, hash: over.own.hash },
    publicKey: readFileSync(publicKeyFile(places.keyFile), "utf8"),
  };
  async function* lines(): AsyncGenerator<string> {
    yield bundleLine({ kind: "manifest", value: manifest });
    for await (const batch of linkLines(ask, manifest)) yield batch.map(bundleLine).join("");
    yield bundleLine({ kind: "checkpoint", value: over as object });
  }
  const file = `${row.month}/${tenantId}.ndjson`;
  const sha256 = await writeArchive(archiveFolder(places.dir), file, lines());
  await db.withTenant(
    context,
    (
      tx,
    ) => tx.$executeRaw`INSERT INTO audit.export_record (tenant_id, month, first_seq, last_seq, events, links, file_sha256, file)
      VALUES (${tenantId}::uuid, to_date(${row.month}, 'YYYY-MM'), ${BigInt(row.first)}, ${BigInt(row.last)}, ${BigInt(row.events)},
        decode(${row.links}, 'hex'), decode(${sha256}, 'hex'), ${file})`,
  );
  return true;
}

/** @returns null when it is gone, else the database's own sentence why it may not go. @throws what else went wrong */
export async function dropMonth(db: Db, month: string): Promise<string | null> {
  try {
    await db.withTenant(
      platform,
      (tx) => tx.$queryRaw`SELECT audit.drop_partition(to_date(${month}, 'YYYY-MM'))::text`,
    );
    return null;
  } catch (err) {
    const refused = refusal(err);
    if (refused === null) throw err;
    return refused;
  }
}

/** "TA003: the month …" of an error that the database raised on purpose, however deep it is wrapped. */
function refusal(err: unknown, depth = 0): string | null {
  if (typeof err !== "object" || err === null || depth > 6) return null;
  const e = err as Record<string, unknown>;
  for (const code of [e.code, e.originalCode])
    if (typeof code === "string" && /^TA00\d$/.test(code))
      return `${code}: ${String(e.originalMessage ?? e.message)
        .split("\n")
        .at(-1)}`;
  return refusal(e.meta, depth + 1) ?? refusal(e.driverAdapterError, depth + 1) ?? refusal(e.cause, depth + 1);
}
