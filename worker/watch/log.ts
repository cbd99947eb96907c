// The watch over the audit log itself: a minute that nobody signed, and a copy that falls behind, are alerts of the
// installation. While the worker stands still that is the alert, and both follow from it.
import type { Db, Sweeper } from "#lib/adapters/db";
import { CHECKPOINT_GAP_MS } from "#lib/domain/audit/checkpoint";
import { judgePart, type Part, platformNow } from "./platform.ts";

/** How long a copy may be behind, and nobody may sign. */
export const LOG_SILENT_MS = CHECKPOINT_GAP_MS;

interface StreamRow {
  id: string;
  name: string;
  created_at: Date;
  caught_up_at: Date | null;
}

/**
 * Looks again and again, and knows when it could not: after a night with the machine off, or the database away, the
 * worker has its three minutes to sign and to send.
 */
export function logWatcher(db: Db, sweeper: Sweeper): (now: Date) => Promise<void> {
  let since: Date | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async (now) => {
    const blindMs = now.getTime() - lookedAt;
    if (since === undefined || blindMs > LOG_SILENT_MS / 2 || blindMs < -LOG_SILENT_MS) since = now;
    await watchLog(db, sweeper, now, since);
    lookedAt = now.getTime();
  };
}

/** One look. @param since nothing owes a sign from before */
export async function watchLog(db: Db, sweeper: Sweeper, now: Date, since: Date): Promise<void> {
  const [signed] = await sweeper.find<{ at: Date | null }>("SELECT max(at) AS at FROM audit.checkpoint");
  const streams = await sweeper.find<StreamRow & Record<string, unknown>>(
    "SELECT id, name, created_at, caught_up_at FROM audit_stream WHERE removed_at IS NULL ORDER BY id",
  );
  const { live } = await platformNow(db);
  const late = (...signs: (Date | null)[]) =>
    now.getTime() - Math.max(since.getTime(), ...signs.map((at) => at?.getTime() ?? 0)) > LOG_SILENT_MS;
  const parts = [checkpoints(signed?.at ?? null, late(signed?.at ?? null)), ...streams.map((s) => copy(s, late))];
  for (const part of [...parts, ...removed(live, streams)]) await judgePart(db, part, live, now);
}

const time = (at: Date) => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;

function checkpoints(at: Date | null, stopped: boolean): Part {
  const last = at === null ? "There has never been one." : `The last is of ${time(at)}.`;
  return {
    ...{ kind: "audit", name: "checkpoints", title: "Audit log checkpoints", reason: "checkpoint_gap", stopped },
    sentence: stopped
      ? `No checkpoint was signed for more than 180 seconds. ${last}`
      : "Checkpoints of the audit log are signed again.",
  };
}

function copy(s: StreamRow, late: (...signs: (Date | null)[]) => boolean): Part {
  const stopped = late(s.caught_up_at, s.created_at);
  const last = s.caught_up_at === null ? "It has never caught up." : `It had all at ${time(s.caught_up_at)}.`;
  return {
    ...{ kind: "audit", name: `stream-${s.id}`, title: `Audit stream ${s.name}`, reason: "stream_behind", stopped },
    sentence: stopped
      ? `The copy of the audit log at ${s.name} is behind. ${last} What is missing waits in the log itself.`
      : `The copy of the audit log at ${s.name} has caught up.`,
  };
}

/** A stream that was taken away owes nothing any more. */
function removed(live: ReadonlySet<string>, streams: readonly StreamRow[]): Part[] {
  return [...live].flatMap((print) => {
    const id = /^audit:stream-(.+):unchecked$/.exec(print)?.[1];
    if (id === undefined || streams.some((s) => s.id === id)) return [];
    return [
      {
        ...{ kind: "audit" as const, name: `stream-${id}`, title: "Audit stream", reason: "stream_behind" as const },
        stopped: false,
        sentence: "This copy of the audit log is no longer made.",
      },
    ];
  });
}
