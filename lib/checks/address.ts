import type { Check } from "./check.ts";
import { finding, told } from "./evidence.ts";
import { WIRE_CODES } from "../domain/transcript.ts";

export const address: Check = {
  name: "address",
  promise: "An address that Tocsin may not connect to is named as such and never held against the server.",
  run(transcript) {
    const step = told(transcript).find((s) => s.error?.code === WIRE_CODES.blocked);
    // Neither body nor address: a refused target must not be readable through us.
    return step
      ? {
          reason: "blocked_address",
          phase: "address",
          evidence: {
            cause: "blocked_address",
            errorCode: WIRE_CODES.blocked,
            detail: finding("blocked_address", step).evidence.detail ?? "",
          },
        }
      : null;
  },
};
