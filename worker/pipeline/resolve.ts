import { closeIncident } from "#lib/commands/incident/close";
import type { Incident } from "#lib/commands/incident/row";
import { draft } from "#lib/domain/event";
import { type Mode, modeOfFingerprint, speaksAgainst } from "#lib/domain/fingerprint";
import { isFlapping, toClear } from "#lib/domain/streak";
import { isProbed, type Passage, type Stage } from "./passage.ts";

/** Has it been good for long enough? The all-clear goes down the same road as the alarm, with the same key. */
export const resolve: Stage = {
  name: "resolve",
  async run(p) {
    for (const incident of p.live) {
      const mode = modeOfFingerprint(incident.fingerprint);
      if (!speaksAgainst(mode, p.verdict)) continue;
      if (!clears(p, mode, incident)) {
        if (mode === "serving" && isFlapping(p.streaks) && p.streaks.good === p.subject.clearAfter) {
          p.said.push(
            draft(
              "clear_held",
              `${p.streaks.good} good slots in a row, but it flaps: it is closed after ${toClear(p.streaks, p.subject.clearAfter)}.`,
            ),
          );
          p.incident ??= incident;
        }
        continue;
      }
      const closing = { tenantId: p.tenantId, now: p.now, sentence: sentence(p, mode) };
      const ended: Incident = { ...incident, status: p.verdict.status, evidence: p.verdict.evidence };
      await p.tx
        .$executeRaw`UPDATE incident SET status = ${p.verdict.status} WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state <> 'resolved'`;
      if (await closeIncident(p.tx, ended, closing)) p.resolved.push(incident.id);
    }
  },
};

function clears(p: Passage, mode: Mode, incident: Incident): boolean {
  const { good, bad } = p.streaks;
  if (!isProbed(p.subject)) return true;
  if (mode === "serving") return good >= toClear(p.streaks, p.subject.clearAfter);
  // Looked at again M times, whatever was seen; the clock that found it unchecked set both streaks to zero.
  if (mode === "unchecked") return good + bad >= p.subject.clearAfter;
  return p.slot.getTime() - incident.lastBadSlot.getTime() >= p.subject.clearAfter * p.subject.intervalMs;
}

function sentence(p: Passage, mode: Mode): string {
  if (!isProbed(p.subject)) return p.verdict.evidence;
  if (mode === "unchecked") return `It is checked again. ${p.verdict.evidence}`;
  if (mode !== "serving") return `No longer found for ${p.subject.clearAfter} slots. ${p.verdict.evidence}`;
  const left = p.verdict.reason === "region_failing" ? " One region alone still fails, which pages nobody." : "";
  return `${p.streaks.good} good slots in a row (it clears after ${toClear(p.streaks, p.subject.clearAfter)}). ${p.verdict.evidence}${left}`;
}
