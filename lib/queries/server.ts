// One server with everything its page shows.
import type { Tx } from "#lib/adapters/db";
import { CREDENTIAL_KINDS } from "#lib/domain/credential";
import { toolSurfaceSchema } from "#lib/domain/outcome";
import { SHAPE_SLOTS, shapeOf, shapeSlot } from "#lib/domain/shape";
import { stepSchema } from "#lib/domain/transcript";
import { shown } from "./fresh.ts";
import { whyNoIncident } from "./incident/why-not-yet.ts";
import { lookedAtEveryS, lookedAtFrom, paceOf } from "./pace.ts";
import { cellsOf, regionsOf, type RegionNow } from "./servers.ts";
import { asStatus, reasonAdvice, reasonLabel, shownUrl } from "./words.ts";

export async function server(tx: Tx, id: string, now: Date) {
  const row = await tx.server.findFirst({ where: { id, removedAt: null } });
  if (row === null) return null;
  const state = await tx.serverNow.findFirst({ where: { serverId: id } });
  const regions = await regionsOf(tx);
  // The one of all regions first.
  const credential = await tx.serverCredential.findFirst({
    where: { serverId: id },
    select: { kind: true, headerName: true, createdAt: true, expiresAt: true },
    orderBy: { region: "asc" },
  });
  const transcripts = await tx.lastTranscript.findMany({
    where: { serverId: id },
    orderBy: [{ region: "asc" }, { kind: "desc" }],
  });
  const pace = await paceOf(tx, row.tenantId);
  const everyS = lookedAtEveryS(row.intervalS, pace);
  const seen = shown(state, { intervalS: everyS, paused: row.paused }, now);
  const wellEnough = row.paused || seen.status === "up" || seen.reason === "not_checked";
  const live = await tx.incident.count({ where: { serverId: id, state: { not: "resolved" } } });
  const expected = lookedAtFrom(row, regions, pace);
  const cells: RegionNow[] = row.paused ? [] : cellsOf(state?.regions, expected, everyS, now);
  const tools = toolSurfaceSchema.safeParse(state?.tools);
  const city = (region: string) => regions.find((r) => r.name === region)?.city ?? region;
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    shownUrl: shownUrl(row.url),
    intervalS: row.intervalS,
    /** Less often than is set, because probers had to be killed for this tenant; null where it is as set. */
    slowed: pace.factor === 1 ? null : { everyS, factor: pace.factor, until: pace.until },
    fireAfter: row.fireAfter,
    clearAfter: row.clearAfter,
    weight: row.weight,
    paused: row.paused,
    regions: row.regions,
    allRegions: regions,
    status: seen.status,
    stale: seen.stale,
    reason: reasonLabel(seen.reason),
    advice: seen.status === "up" && seen.reason === null ? null : reasonAdvice(seen.reason, state?.regions),
    evidence: seen.stale || row.paused ? "" : inCities(state?.evidence ?? "", city),
    /** How it is spread over places and minutes, in a sentence; "" when there is nothing to say. */
    shape:
      seen.stale || row.paused
        ? ""
        : await shapeNow(tx, id, new Date(now.getTime() - SHAPE_SLOTS * everyS * 1_000), city),
    /** Why a bad or unknown server has no incident; null where that needs no saying or one is open. */
    whyNoIncident: wellEnough || live > 0 ? null : await whyNoIncident(tx, id),
    auth: state?.auth ?? "unknown",
    since: state?.since.getTime() ?? null,
    lastSlot: state?.lastSlot?.getTime() ?? null,
    era: state?.era ?? null,
    protocolVersion: state?.protocolVersion ?? null,
    serverName: state?.serverName ?? null,
    badStreak: state?.badStreak ?? 0,
    flapping: (state?.flips.length ?? 0) >= 4,
    tools: tools.success ? tools.data : null,
    cells,
    credential:
      credential === null
        ? null
        : {
            kind: CREDENTIAL_KINDS.find((k) => k === credential.kind) ?? "bearer",
            headerName: credential.headerName,
            at: credential.createdAt.getTime(),
            expiresAt: credential.expiresAt?.getTime() ?? null,
          },
    transcripts: eachSlotOnce(transcripts).map((t) => ({
      region: t.region,
      city: regions.find((r) => r.name === t.region)?.city ?? t.region,
      kind: t.kind,
      slot: t.slot.getTime(),
      status: asStatus(t.status),
      reason: reasonLabel(t.reason),
      steps: stepsOf(t.transcript),
    })),
  };
}
export type ServerDetail = NonNullable<Awaited<ReturnType<typeof server>>>;

/** A sentence that was kept names a region by its code; people know its city. */
export const inCities = (evidence: string, city: (region: string) => string): string =>
  evidence.replace(/^Only ([a-z0-9-]{1,32}): /, (_, region: string) => `Only ${city(region)}: `);

async function shapeNow(tx: Tx, serverId: string, since: Date, city: (region: string) => string): Promise<string> {
  const rows = await tx.probeMinute.findMany({
    where: { serverId, slot: { gte: since } },
    orderBy: { slot: "desc" },
    take: SHAPE_SLOTS,
    select: { regions: true },
  });
  return shapeOf(
    rows.toReversed().map((row) => shapeSlot(row.regions)),
    city,
  ).sentence;
}

/** While a region's latest check is also its last failing one, it is one check and shown once, as the latest. */
export function eachSlotOnce<T extends { region: string; kind: string; slot: Date }>(rows: readonly T[]): T[] {
  const latest = new Map(rows.filter((r) => r.kind === "latest").map((r) => [r.region, r.slot.getTime()]));
  return rows.filter((r) => r.kind === "latest" || latest.get(r.region) !== r.slot.getTime());
}

/** Steps as stored by a worker of this or another version: what does not parse is left out. */
function stepsOf(transcript: unknown) {
  const steps = (transcript as { steps?: unknown } | null)?.steps;
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((raw) => {
    const step = stepSchema.safeParse(raw);
    if (!step.success) return [];
    const { phase, title, durationMs, request, response, error } = step.data;
    return [
      {
        phase,
        title,
        durationMs: Math.round(durationMs),
        request: request === undefined ? null : `${request.method} ${shownUrl(request.url)}`,
        status: response?.status ?? null,
        contentType: response?.contentType ?? null,
        bytes: response?.bytes ?? null,
        bodyHead: response?.bodyHead ?? "",
        error: error ?? null,
      },
    ];
  });
}
export type ShownStep = ReturnType<typeof stepsOf>[number];
