// What a customer wants to know first: what is up, what is down, what was not checked, and what is being done.
import type { Tx } from "#lib/adapters/db";
import { wrongNow } from "../now.ts";
import { portalIncident } from "./incidents.ts";
import { portalServer } from "./servers.ts";

export async function portalOverview(tx: Tx, now: Date) {
  const {
    open,
    acknowledged,
    notChecked,
    watchedClosely,
    nothingChecked,
    counts,
    lastLook,
    resolvedToday,
    sinks,
    deadDeliveries,
  } = await wrongNow(tx, now);
  return {
    open: { total: open.total, rows: open.rows.map(portalIncident) },
    acknowledged: { total: acknowledged.total, rows: acknowledged.rows.map(portalIncident) },
    notChecked: { total: notChecked.total, rows: notChecked.rows.map(portalServer) },
    notWell: { total: watchedClosely.total, rows: watchedClosely.rows.map(portalServer) },
    nothingChecked,
    counts,
    lastLook,
    resolvedToday,
    sinks,
    deadDeliveries,
  };
}
