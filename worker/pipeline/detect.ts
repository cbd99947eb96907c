import { draft } from "#lib/domain/event";
import { type Mode, modeOf } from "#lib/domain/fingerprint";
import { advance, isFlapping, isNew, toFire, type Vote } from "#lib/domain/streak";
import type { Verdict } from "#lib/domain/verdict";
import { isProbed, type Passage, type Stage } from "./passage.ts";
import { keepTranscripts, writeServerNow } from "./server-now.ts";

/** Is the verdict bad, and has it been bad for long enough? Below N nothing is said but on the server's own row. */
export const detect: Stage = {
  name: "detect",
  async run(p) {
    const { subject, verdict, slot } = p;
    p.mode = modeOf(verdict);
    p.streaks = p.atOnce
      ? { bad: 0, good: 0, flips: p.before.flips }
      : advance(p.before, vote(p.mode, verdict), slot.getTime());
    p.fires = fires(p);
    if (subject.serverId !== null && isProbed(subject)) {
      await writeServerNow(p.tx, subject.serverId, slot, verdict, p.streaks);
      if (p.sealed !== null) await keepTranscripts(p.tx, [p.sealed]);
    }
    if (p.fires)
      p.said.push(
        p.atOnce
          ? draft("heartbeat_missing", verdict.evidence)
          : draft("streak_reached", sentence(p), {
              bad: p.streaks.bad,
              fireAfter: toFire(p.streaks, subject.fireAfter),
            }),
      );
    if (isFlapping(p.streaks) && !isFlapping(p.before))
      p.said.push(
        draft(
          "flapping",
          `Flapping: it has turned ${p.streaks.flips.length} times within the hour, so it takes ${subject.clearAfter * 2} good slots in a row to close this.`,
        ),
      );
  },
};

function vote(mode: Mode | null, verdict: Verdict): Vote {
  if (verdict.status === "unknown" || !verdict.counts) return "none";
  return mode === "serving" ? "bad" : "good";
}

function fires(p: Passage): boolean {
  if (p.mode === null) return false;
  if (p.mode === "serving")
    return (
      p.streaks.bad >= toFire(p.streaks, p.subject.fireAfter) &&
      !(isProbed(p.subject) && isNew(p.subject.watchedFrom, p.slot, p.subject.intervalMs))
    );
  // Not looked at: a clock decides that, over all slots, and with regard to what else has stopped.
  if (p.mode === "unchecked") return p.atOnce;
  return true;
}

function sentence(p: Passage): string {
  if (p.subject.kind === "alert") return `Another monitor sent it: ${p.verdict.evidence}`;
  if (!isProbed(p.subject) && p.mode === "serving") return `Found over several minutes: ${p.verdict.evidence}`;
  if (p.mode !== "serving") return `Found at once: ${p.verdict.evidence}`;
  return `${p.streaks.bad} slot${p.streaks.bad === 1 ? "" : "s"} in a row failed (it fires after ${toFire(p.streaks, p.subject.fireAfter)}). ${p.verdict.evidence}`;
}
