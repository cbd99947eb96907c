// One cause over many tenants: when the installation's operators are told once, in place of so many tenants each.
import { causeTitle } from "./storm.ts";

/** Fewer tenants than this are each told by themselves, whatever share of all they are. */
export const CLUSTER_FLOOR = 5;
const SHARE = 0.1;
/** No tenant's notices are held for longer: then its own policy begins. */
export const CLUSTER_HOLD_MS = 60 * 60_000;
/** Operators who could not be told of it within this time are not waited for. */
export const TOLD_WITHIN_MS = 60_000;

/** @param tenants about to be paged within the window, this one included @param watched tenants with a watched server */
export function isCluster(tenants: number, watched: number | null): boolean {
  return watched !== null && tenants >= CLUSTER_FLOOR && tenants > SHARE * watched;
}

/** Over as soon as fewer than half of what was ever seen for it still fails. */
export const isClusterOver = (seen: number, failing: number): boolean => failing * 2 < seen;

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** For the operators of the installation. */
export function clusterSentence(cause: string, tenants: number, servers: number): string {
  return `${plural(servers, "server")} of ${plural(tenants, "tenant")} fail for one cause, ${causeTitle(cause)}; notices of further tenants are held meanwhile.`;
}

/** For a tenant: nothing of who else it is. @param until when its own policy begins at the latest */
export function widerSentence(cause: string, servers: number, until: Date): string {
  const at = until.toISOString().slice(0, 16).replace("T", " ");
  const whose = servers === 1 ? "one of your servers is affected" : `${servers} of your servers are affected`;
  return `We see a wider outage at ${causeTitle(cause)}; ${whose}. Your pages are held until it ends, at the latest until ${at} UTC; what still fails then is told as your routes say.`;
}
