// What was not sent again in its time counts as over: but not after a time in which nobody could send, or nobody looked.
// Else the first look after an outage of ours says that all is well, and the next that nothing is.
import type { Db, Sweeper } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { isOutage } from "#lib/adapters/outage";
import { takeInbound } from "./take.ts";

/** So long without a look is an outage. */
const GAP_MS = 60_000;
/** After one, so long is given to be sent again: whoever sends to an Alertmanager does so within a minute or a few. */
const GRACE_MS = 5 * 60_000;

/** The duty's look, which knows when it looked last. The first one knows of none before it. */
export function inboundTurns(db: Db, sweeper: Sweeper, log: Log): (now: Date, signal?: AbortSignal) => Promise<number> {
  let last: number | null = null;
  let endsFrom = 0;
  return async (now, signal) => {
    const at = now.getTime();
    if (last === null || Math.abs(at - last) > GAP_MS) endsFrom = at + GRACE_MS;
    try {
      const looked = await takeInbound(db, sweeper, now, log, signal, at >= endsFrom);
      last = at;
      return looked;
    } catch (error) {
      if (!isOutage(error)) last = at;
      throw error;
    }
  };
}
