// What an export is made of, for both of its forms, and the row that says who took it.
import { z } from "zod";
import {
  BUNDLE_FORMAT,
  bundleLine,
  type BundleEvent,
  type BundleKind,
  type BundleLink,
  type BundleManifest,
} from "#lib/domain/audit/bundle";
import {
  type Ask,
  droppedMonths,
  headNow,
  lastCheckpointNo,
  looseEvents,
  ownCheckpoints,
  sealedRows,
} from "#lib/queries/audit-proof";
import { defineCommand } from "../command.ts";

/** Written before the first line leaves, so that the export itself shows who made it. */
export const recordExport = defineCommand({
  action: "audit.export",
  input: z.strictObject({}),
  run: async ({ actor }) => ({ result: null, audit: { target: `tenant:${actor.tenantId}`, body: { form: "ndjson" } } }),
});

export interface ExportLine {
  kind: BundleKind;
  value: object;
}

/** The manifest fixes where the export ends: what is written later is not in it. */
export async function manifestOf(ask: Ask, tenant: { id: string; slug: string }, now: Date): Promise<BundleManifest> {
  // Before the head: what was signed by then cannot speak of a later link, unless the log was cut since.
  const checkpoint = await lastCheckpointNo(ask);
  const { head } = await headNow(ask, tenant.id);
  const dropped = await droppedMonths(ask, tenant.id);
  return {
    format: BUNDLE_FORMAT,
    tenantId: tenant.id,
    slug: tenant.slug,
    exportedAt: now.toISOString(),
    head,
    checkpoint,
    ...(dropped.length > 0 ? { dropped } : {}),
  };
}

/** All lines in batches: links with their events, events that no link names (each is a finding), then the checkpoints. */
export async function* exportLines(ask: Ask, manifest: BundleManifest): AsyncGenerator<ExportLine[]> {
  yield* linkLines(ask, manifest);
  for await (const events of looseEvents(ask, manifest.tenantId))
    yield events.map((event) => ({ kind: "event", value: { ...event, pii: null } satisfies BundleEvent }));
  const last = manifest.checkpoint ?? 0;
  for await (const page of ownCheckpoints(ask, manifest.tenantId)) {
    yield page.filter((c) => c.no <= last).map((value) => ({ kind: "checkpoint", value }));
    if ((page.at(-1)?.no ?? 0) >= last) return;
  }
}

/** From the manifest's first link to its head. */
export async function* linkLines(ask: Ask, manifest: BundleManifest): AsyncGenerator<ExportLine[]> {
  const from = manifest.from?.seq ?? 0;
  for await (const rows of sealedRows(ask, manifest.tenantId, manifest.head?.seq ?? 0, { from })) {
    yield rows.flatMap(({ event, pii, ...row }): ExportLine[] => {
      const link: BundleLink = {
        seq: row.seq,
        eventId: row.eventId,
        eventAt: row.eventAt,
        contentHash: row.contentHash,
        prev: row.prev,
        hash: row.hash,
      };
      const kept: BundleEvent | null = event === null ? null : { ...event, pii: pii ?? null };
      return [{ kind: "link", value: link }, ...(kept ? [{ kind: "event" as const, value: kept }] : [])];
    });
  }
}

/** Events outside the chain prove nothing; whoever exports is told how many there are. */
export async function countLoose(ask: Ask, tenantId: string): Promise<number> {
  let count = 0;
  for await (const ids of looseEvents(ask, tenantId)) count += ids.length;
  return count;
}

/** The console's form: one file of tagged lines, the manifest with the public key first. */
export async function* taggedExport(
  ask: Ask,
  tenant: { id: string; slug: string },
  publicKey: string,
  now: Date,
): AsyncGenerator<string> {
  const manifest = await manifestOf(ask, tenant, now);
  yield bundleLine({ kind: "manifest", value: { ...manifest, publicKey } });
  for await (const lines of exportLines(ask, manifest)) yield lines.map(bundleLine).join("");
}
