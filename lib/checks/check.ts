// A check turns a transcript into a finding, or into nothing. PURE. lib/checks/index.ts is the ordered list:
// the first finding with the worst status names the outcome's reason.
import type { Evidence, Phase } from "../domain/outcome.ts";
import type { Reason } from "../domain/reason.ts";
import type { Transcript } from "../domain/transcript.ts";

export interface Finding {
  reason: Reason;
  phase: Phase;
  evidence: Evidence;
}

export interface Check {
  name: string;
  /** One sentence: what this check promises to notice. */
  promise: string;
  run(transcript: Transcript): Finding | null;
}
