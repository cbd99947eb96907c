// What the log is asked for, as it stands in the address: read leniently (what is not understood is left out), written
// in one form, so that a filtered log can be sent to somebody and kept as a view.
import { dayStart } from "./utc-day.ts";

export const ONLY = ["refused", "visits", "reason", "shell"] as const;
/** refused: what somebody was not let do. visits: what was done as somebody else. reason: why was said. shell: by the command line. */
export type Only = (typeof ONLY)[number];

export interface AuditFilter {
  /** "incident.acknowledge", a noun ("incident"), or several with commas between; empty: all */
  action: string;
  /** Person's id. */
  actor: string;
  /** Id of the person in whose place it was done. */
  actAs: string;
  /** Beginning or whole of the target: "server:", "server:<id>". */
  target: string;
  /** Source address. */
  address: string;
  /** Found in target or body, as written. */
  text: string;
  /** Days, UTC, both inclusive. */
  from: string;
  to: string;
  only: Only[];
  /** Empty: the tenant one looks at. "all", or a slug among one's own. */
  tenant: string;
}

export const EVERYTHING: AuditFilter = {
  ...{ action: "", actor: "", actAs: "", target: "", address: "", text: "" },
  ...{ from: "", to: "", only: [], tenant: "" },
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SHAPES = {
  action: /^[a-z_]+(\.[a-z_]+)*(,[a-z_]+(\.[a-z_]+)*){0,9}$/,
  actor: UUID,
  as: UUID,
  target: /^[a-z_]{1,30}:[\w.:/-]{0,160}$/i,
  addr: /^[0-9a-f.:]{2,45}$/i,
  from: /^/,
  to: /^/,
  tenant: /^[a-z0-9-]{2,40}$/,
};
const TEXT_MAX = 200;

/** @param get one parameter of the address, "" when it is absent or repeated */
export function readFilter(get: (name: string) => string): AuditFilter {
  const one = (name: keyof typeof SHAPES) => {
    const value = get(name).trim();
    return SHAPES[name].test(value) ? value : "";
  };
  const day = (name: "from" | "to") => (dayStart(get(name)) === null ? "" : get(name));
  const only = get("only").split(",");
  return {
    ...{ action: one("action"), actor: one("actor"), actAs: one("as"), target: one("target") },
    ...{ address: one("addr").toLowerCase(), text: searchable(get("q")) },
    ...{ from: day("from"), to: day("to"), tenant: one("tenant") },
    only: ONLY.filter((o) => only.includes(o)),
  };
}

/** No database keeps a NUL in a text, so no text holds one. */
const searchable = (raw: string): string => raw.slice(0, TEXT_MAX).toWellFormed().replaceAll("\0", "").trim();

/** The part behind the question mark, "" for everything. */
export function filterQuery(filter: AuditFilter): string {
  const given = Object.entries(filterParams(filter)).filter(([, value]) => value !== "");
  return new URLSearchParams(given).toString();
}

/** The same by the names in the address, for a form's fields. */
export function filterParams(f: AuditFilter): Record<string, string> {
  return {
    ...{ q: f.text, action: f.action, actor: f.actor, as: f.actAs, target: f.target, addr: f.address },
    ...{ from: f.from, to: f.to, only: f.only.join(","), tenant: f.tenant },
  };
}

/** A kept query, read again: what it says now is what it may say. */
export function queryAgain(query: string): AuditFilter {
  const params = new URLSearchParams(query);
  return readFilter((name) => {
    const all = params.getAll(name);
    return all.length === 1 ? (all[0] ?? "") : "";
  });
}

export interface View {
  name: string;
  query: string;
}

/** Questions that come up each week, there for everybody. */
export const BUILT_IN_VIEWS: readonly View[] = [
  { name: "Refused", query: "only=refused" },
  { name: "Visits", query: "only=visits" },
  { name: "Roles and people", query: "action=role%2Crole_table%2Cperson%2Cscim%2Cbreak_glass" },
  { name: "Exports", query: "action=audit.export" },
  { name: "By the command line", query: "only=shell" },
];
