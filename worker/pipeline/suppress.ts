import { draft } from "#lib/domain/event";
import { holdBack, holdNow } from "./holds.ts";
import type { Passage, Stage } from "./passage.ts";

/** Does something hold it back? Only asked when there is something to say. */
export const suppress: Stage = {
  name: "suppress",
  async run(p) {
    if (p.incident === null || (p.change !== "opened" && p.change !== "raised")) return;
    const certificateEnds = certificateOf(p);
    p.hold = await holdNow({ tx: p.tx, tenantId: p.tenantId, incident: p.incident, now: p.now, certificateEnds });
    if (p.hold === null) {
      if (p.change === "opened") p.said.push(draft("not_silenced", "Nothing holds it back."));
      return;
    }
    p.said.push(p.hold.said);
    if (p.incident.state !== "open") return;
    await holdBack(p.tx, p.incident.id, p.hold, p.now);
    const { kind, ref, until } = p.hold;
    p.incident = {
      ...p.incident,
      heldBy: kind,
      heldRef: ref,
      silenceId: kind === "silence" ? ref : null,
      nextStepAt: until,
    };
  },
};

/** The certificate that some region was shown, by its end: two that end in the same second are the same one. */
function certificateOf({ sealed }: Passage): number | null {
  for (const transcript of Object.values(sealed?.transcripts ?? {})) {
    const ends = transcript?.certificate?.validTo;
    if (typeof ends === "number" && Number.isFinite(ends) && Math.abs(ends) < 8.64e15) return ends;
  }
  return null;
}
