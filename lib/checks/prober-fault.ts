import { type Step, type Transcript, WIRE_CODES } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { caused, lastTold, rpcError, told } from "./evidence.ts";

/** Header mismatch and missing capability: a modern server says that our request was built wrongly. */
const OUR_REQUEST = [-32020, -32021];
/** Older servers mean something of their own by these numbers. */
const isModern = (step: Step, { era }: Transcript) => step.phase === "discover" || era === "modern" || era === "dual";

export const proberFault: Check = {
  name: "prober fault",
  promise: "A fault of our own is called ours and says nothing about the server.",
  run(transcript) {
    const own = told(transcript).find(
      (s) =>
        s.error?.code === WIRE_CODES.fault || (OUR_REQUEST.includes(rpcError(s)?.code ?? 0) && isModern(s, transcript)),
    );
    if (own) return caused(own.error?.code === WIRE_CODES.fault ? "probe_internal" : "our_request", own);
    const last = lastTold(transcript);
    return last
      ? null
      : {
          reason: "prober_fault",
          phase: "probe",
          evidence: { cause: "probe_internal", detail: "The probe ended without a step." },
        };
  },
};
