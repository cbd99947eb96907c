// One server's extra checks with what the regions say of each, what was tried, and which tools test calls may use.
import type { Tx } from "#lib/adapters/db";
import { CAUSES, type Cause } from "#lib/domain/cause";
import { foldedExtrasSchema } from "#lib/domain/extra-check/fold";
import { CHECK_KINDS, checkOf } from "#lib/domain/extra-check/index";
import type { ExtraKind } from "#lib/domain/outcome";
import type { Status } from "#lib/domain/reason";
import { dayOf } from "#lib/domain/utc-day";
import { isStale } from "./fresh.ts";
import { lookedAtEveryS, paceOf } from "./pace.ts";
import { lastTryRequest, type RequestNow } from "./request.ts";
import { regionsOf } from "./servers.ts";

export interface CheckLook {
  region: string;
  city: string;
  status: Status;
  /** What was seen, in short: the cause's label. */
  label: string | null;
  /** Our whole sentence, with what the server said in quotes. */
  sentence: string;
  latencyMs: number | null;
  at: number | null;
}

export async function extraChecks(tx: Tx, serverId: string, now: Date) {
  const server = await tx.server.findFirst({
    where: { id: serverId, removedAt: null },
    select: { id: true, tenantId: true, name: true, intervalS: true, paused: true },
  });
  if (server === null) return null;
  const rows = await tx.extraCheck.findMany({ where: { serverId, removedAt: null }, orderBy: { createdAt: "asc" } });
  const state = await tx.serverNow.findFirst({
    where: { serverId },
    select: { extras: true, lastSlot: true, tools: true },
  });
  const tools = await tx.allowedTool.findMany({ where: { serverId }, orderBy: { allowedAt: "asc" } });
  const cities = new Map((await regionsOf(tx)).map((r) => [r.name, r.city]));
  const seen = foldedExtrasSchema.safeParse(state?.extras ?? {});
  const everyS = lookedAtEveryS(server.intervalS, await paceOf(tx, server.tenantId));
  const old = state?.lastSlot == null || isStale(state.lastSlot, everyS, now);
  const checks = [];
  for (const row of rows) {
    const kind = (Object.hasOwn(CHECK_KINDS, row.kind) ? row.kind : "session") as ExtraKind;
    const said = seen.success ? seen.data[row.id] : undefined;
    const known = said === undefined || old || row.paused || server.paused ? null : said;
    const read = checkOf(row);
    checks.push({
      id: row.id,
      kind,
      name: row.name,
      settings: read === null ? {} : CHECK_KINDS[kind].values(read.settings as never),
      everyS: row.everyS,
      callsPerDay: row.callsPerDay,
      usedToday: usedToday(Object.values(known?.regions ?? {}), now),
      paused: row.paused,
      status: known?.status ?? ("unknown" as Status),
      reason:
        known === null
          ? null
          : (label(Object.values(known.regions).find((r) => r.reason === known.reason)?.evidence.cause) ?? null),
      looks: Object.entries(known?.regions ?? {}).map(
        ([region, r]): CheckLook => ({
          region,
          city: cities.get(region) ?? region,
          status: r.status,
          label: label(r.evidence.cause),
          sentence: r.evidence.detail ?? "",
          latencyMs: r.latencyMs,
          at: r.at,
        }),
      ),
      trial: await lastTryRequest(tx, row.id),
    });
  }
  return {
    server: { id: server.id, name: server.name },
    checks,
    allowed: tools.map((t) => ({ tool: t.tool, reason: t.reason, at: t.allowedAt.getTime() })),
  };
}
export type ExtraChecks = NonNullable<Awaited<ReturnType<typeof extraChecks>>>;
export type ShownCheck = Omit<ExtraChecks["checks"][number], "trial"> & { trial: RequestNow | null };

const label = (cause: string | undefined): string | null =>
  cause !== undefined && Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause].label : null;

/** As far as the regions' latest looks of this UTC day knew. */
function usedToday(looks: { at: number | null; used?: number | undefined }[], now: Date): number {
  const today = looks.filter((l) => l.at !== null && dayOf(l.at) === dayOf(now.getTime()));
  return Math.max(0, ...today.map((l) => l.used ?? 0));
}
