// One verdict through all stages, in one transaction: what is decided, said and to be sent commits together, or not
// at all. Judged against stored state, so that a replay or a late slot changes nothing.
import { crashPoint } from "#lib/adapters/crash";
import { type Db, isBeingErased, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { liveByFingerprint } from "#lib/commands/incident/row";
import { writeTimeline } from "#lib/commands/incident/timeline";
import { fingerprint, MODES, modeOfFingerprint } from "#lib/domain/fingerprint";
import { fold, type SealedSlot, type Verdict } from "#lib/domain/verdict";
import { type Streaks, unbroken } from "#lib/domain/streak";
import { keepExtras } from "./extras.ts";
import { PIPELINE } from "./index.ts";
import type { Passage, Subject } from "./passage.ts";
import { keepMinute, lockServerNow, serverSubject } from "./server-now.ts";
import { followTools, toolsOf } from "./tools.ts";

export interface Decided {
  /** ignored: paused, removed or unknown. late: an equal or newer slot was decided before. */
  outcome: "decided" | "late" | "ignored";
  incidentId: string | null;
  change: Passage["change"];
  resolved: string[];
  nobodyToTell: boolean;
}

const nothing = (outcome: Decided["outcome"]): Decided => ({
  outcome,
  incidentId: null,
  change: null,
  resolved: [],
  nobodyToTell: false,
});

/** @throws what the database throws; then nothing of the slot was written and it may be decided again */
export async function decide(db: Db, sealed: SealedSlot, now: Date): Promise<Decided> {
  const { tenantId, serverId } = sealed;
  const slot = new Date(sealed.slot);
  crashPoint("before_incident_tx");
  const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    const subject = await serverSubject(tx, serverId);
    if (subject === null) return nothing("ignored");
    const verdict = fold(sealed);
    const before = await lockServerNow(tx, tenantId, serverId, slot);
    if (!subject.drill) await keepMinute(tx, tenantId, serverId, slot, verdict);
    // A slot ahead of the clock was written while the clock was wrong: it must not make every true one late.
    const ahead = before.lastSlot !== null && before.lastSlot.getTime() > now.getTime() + subject.intervalMs;
    if (before.lastSlot !== null && slot <= before.lastSlot && !ahead) return nothing("late");
    const result = await walk(tx, {
      tenantId,
      subject,
      verdict,
      sealed,
      slot,
      now,
      atOnce: false,
      before: unbroken(before.streaks, ahead ? null : before.lastSlot, slot, subject.intervalMs),
    });
    await keepExtras(tx, sealed);
    const said = await followTools(tx, sealed, before.surface);
    if (said !== null) {
      const at = { tenantId, subject: toolsOf(subject), verdict: said, sealed: null, slot, now };
      const more = await walk(tx, { ...at, atOnce: false, before: { bad: 0, good: 0, flips: [] } });
      result.change ??= more.change;
      result.incidentId ??= more.incidentId;
      result.resolved.push(...more.resolved);
      result.nobodyToTell ||= more.nobodyToTell;
    }
    await liveHint(tx, { tenant: tenantId, what: "server", id: serverId });
    crashPoint("inside_incident_tx");
    return result;
  });
  // A sealed slot comes once: while an erasure is under way it is not decided, and not dropped either.
  const failed = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (isBeingErased(failed)) throw failed;
  const decided = await unlessErased(work, nothing("ignored"));
  crashPoint("after_incident_commit");
  return decided;
}

export interface Walk {
  tenantId: string;
  subject: Subject;
  verdict: Verdict;
  sealed: SealedSlot | null;
  slot: Date;
  now: Date;
  atOnce: boolean;
  before: Streaks;
}

/** Down all stages, in the caller's transaction. */
export async function walk(tx: Tx, given: Walk): Promise<Decided> {
  const live = await liveByFingerprint(
    tx,
    MODES.map((mode) => fingerprint(given.subject.key, mode)),
  );
  const p: Passage = {
    ...given,
    ...{
      tx,
      live,
      streaks: given.before,
      mode: null,
      fires: false,
      severity: null,
      reason: null,
      incident: null,
      change: null,
    },
    ...{ hold: null, said: [], resolved: [], nobodyToTell: false },
  };
  for (const stage of PIPELINE) await stage.run(p);
  // On a good slot, a word about the run itself (flapping) belongs to the outage that still lives.
  const about =
    p.incident ??
    live.find((i) => modeOfFingerprint(i.fingerprint) === "serving" && !p.resolved.includes(i.id)) ??
    null;
  if (about !== null) {
    await writeTimeline(tx, { tenantId: p.tenantId, incidentId: about.id }, p.said, p.now);
    if (p.change !== null || p.said.length > 0)
      await liveHint(tx, { tenant: p.tenantId, what: "incident", id: about.id });
  }
  return {
    outcome: "decided",
    incidentId: p.incident?.id ?? null,
    change: p.change,
    resolved: p.resolved,
    nobodyToTell: p.nobodyToTell,
  };
}
