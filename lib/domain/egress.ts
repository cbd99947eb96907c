// When a region that fails has reason to doubt itself rather than the servers.

export interface Seen {
  at: number;
  serverId: string;
  host: string;
  /** It failed on the way: name, connection, TLS or no answer. */
  failed: boolean;
}

const MOST_FAIL = 0.8;
const SERVERS = 3;
const HOSTS = 2;
/** The latest say how it is now: of a thousand that were well before the line was cut nothing follows. */
const LATEST = 10;

/**
 * The answers of the last minute, oldest first, once nothing of what should always be there was reached.
 * @param trusted what should be there was reached before, so that its absence alone is news: then one server is enough
 */
export function seesNothing(seen: readonly Seen[], trusted: boolean): boolean {
  const latest = seen.slice(-LATEST);
  const failed = latest.filter((s) => s.failed);
  if (failed.length === 0 || failed.length < latest.length * MOST_FAIL) return false;
  return trusted || (count(failed, "serverId") >= SERVERS && count(failed, "host") >= HOSTS);
}

const count = (seen: readonly Seen[], of: "serverId" | "host"): number => new Set(seen.map((s) => s[of])).size;
