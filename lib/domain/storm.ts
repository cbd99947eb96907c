// Many incidents with one cause are one incident with members. What counts as a shared cause, from how many on, and
// when it is over.
import { getDomain } from "tldts";
import type { NoticeContent } from "./notice.ts";
import { REASONS, type Reason } from "./reason.ts";

/** Most telling first: it is by the first that fits that incidents are put together. */
export const CAUSE_KINDS = ["certificate", "host", "provider", "region", "reason"] as const;
export type CauseKind = (typeof CAUSE_KINDS)[number];

/** Incidents that open within this time of each other may belong together. */
export const STORM_WINDOW_MS = 5 * 60_000;
/** So many of one host, provider or certificate are a storm. */
export const STORM_FLOOR = 5;
/** Of a region or a reason alone it takes more, and half of all the tenant's servers. */
export const WIDE_FLOOR = 10;
/** A hold by a storm is looked at again after this time, should nobody have ended it before. */
export const STORM_LOOK_MS = 3_600_000;

export interface Failing {
  /** Registered URL, "" where there is none. */
  url: string;
  reason: Reason;
  regions: NoticeContent["regions"];
  /** End of the certificate that was shown, epoch ms; null without one. */
  certificateEnds: number | null;
}

/** "host:mcp.example.com": what others may fail for as well, most telling first. At most 300 characters each. */
export function causesOf({ url, reason, regions, certificateEnds }: Failing): string[] {
  const host = URL.parse(url)?.hostname.toLowerCase() ?? "";
  // By the public suffixes alone: all that a hosting company gives names to counts as that company.
  const provider = host === "" ? null : getDomain(host, { allowPrivateDomains: false });
  const bad = regions.filter((r) => r.status === "down" || r.status === "degraded");
  const tls = reason === "tls_invalid" || reason === "tls_expiring";
  const found: [CauseKind, string | null][] = [
    ["certificate", tls && certificateEnds !== null ? new Date(certificateEnds).toISOString() : null],
    ["host", host === "" ? null : host],
    ["provider", provider],
    ["region", bad.length === 1 ? (bad[0]?.region ?? null) : null],
    ["reason", reason],
  ];
  return found.flatMap(([kind, value]) => (value === null ? [] : [`${kind}:${value}`.slice(0, 300)]));
}

export function kindOf(cause: string): CauseKind {
  const kind = cause.slice(0, cause.indexOf(":")) as CauseKind;
  return CAUSE_KINDS.includes(kind) ? kind : "reason";
}

/** Something outside of any one tenant: what tenants may share. */
export const isUpstream = (cause: string): boolean => ["certificate", "host", "provider"].includes(kindOf(cause));
/** Said by very different servers without anything else in common. */
export const isWide = (cause: string): boolean => kindOf(cause) === "region" || kindOf(cause) === "reason";

/** What stands behind a storm's cause as well: behind a host, its provider. */
export function wholeUpstream(cause: string): string[] {
  const provider = kindOf(cause) === "host" ? getDomain(cause.slice(5), { allowPrivateDomains: false }) : null;
  return provider === null ? [cause] : [cause, `provider:${provider}`];
}

export const stormKey = (cause: string): string => `storm:${cause}`;

/** @returns null for a fingerprint that is no storm's */
export function causeOfStorm(fingerprint: string): string | null {
  const found = /^storm:(.+):serving$/.exec(fingerprint);
  return found?.[1] ?? null;
}

export interface Shared {
  cause: string;
  /** Other live incidents that opened with this cause within the window. */
  others: number;
  /** Servers that the tenant watches; null where it was not counted because it does not matter. */
  watched: number | null;
  /** The live storm of this cause. */
  stormId: string | null;
}

/** @returns the cause to join or to open a storm for, with the incident's own included in the count; null: it stands alone */
export function stormOf(shared: readonly Shared[]): Shared | null {
  const order = [...shared].sort((a, b) => CAUSE_KINDS.indexOf(kindOf(a.cause)) - CAUSE_KINDS.indexOf(kindOf(b.cause)));
  // One that is under way takes in what belongs to it, also where a more telling cause is still below its floor.
  return order.find((s) => s.stormId !== null && s.others >= joinsFrom(s.cause)) ?? order.find(isStorm) ?? null;
}

/** So many others of now it takes to join a live storm: one with the same reason, an hour later, is no sign of anything. */
const joinsFrom = (cause: string): number => (isWide(cause) ? WIDE_FLOOR - 1 : 1);

function isStorm({ cause, others, watched }: Shared): boolean {
  const count = others + 1;
  if (!isWide(cause)) return count >= STORM_FLOOR;
  return count >= WIDE_FLOOR && watched !== null && count * 2 >= watched;
}

/** Over as soon as fewer than half of all that ever belonged to it still fail. */
export const isOver = (members: number, failing: number): boolean => failing * 2 < members;

/** What people read in place of a server's name: "example.com", "TLS certificate invalid". */
export function causeTitle(cause: string): string {
  const value = cause.slice(cause.indexOf(":") + 1);
  const kind = kindOf(cause);
  if (kind === "reason") return Object.hasOwn(REASONS, value) ? REASONS[value as Reason].label : value;
  if (kind === "region") return `region ${value}`;
  return kind === "certificate" ? `the certificate that ends on ${value.slice(0, 10)}` : value;
}

const WHERE: Record<CauseKind, (title: string) => string> = {
  certificate: (title) => ` with ${title}`,
  host: (title) => ` at ${title}`,
  provider: (title) => ` at ${title}`,
  region: (title) => `, seen from ${title} alone`,
  reason: () => "",
};

/** "12 servers at example.com: connection refused." */
export function stormSentence(cause: string, servers: number, reason: Reason): string {
  const where = WHERE[kindOf(cause)](causeTitle(cause));
  return `${servers} server${servers === 1 ? "" : "s"}${where}: ${REASONS[reason].label.toLowerCase()}.`;
}
