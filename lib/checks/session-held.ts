// What a held session and a dead one answered; PURE.
import { type Step, WIRE_CODES } from "../domain/transcript.ts";
import { rpcError, rpcResult } from "./evidence.ts";
import { failing, fine, type Look, unseen } from "./extra.ts";

/** @param heldS for how many seconds the session had been held when it was asked again */
export function judgeHeld(step: Step, heldS: number): Look {
  const status = step.response?.status ?? 0;
  if (step.error?.code === WIRE_CODES.timeout)
    return failing("session_not_held", `The session held for ${heldS} s does not answer in time.`);
  if (status === 401 || status === 403 || status === 429 || status === 0)
    return unseen("The held session could not be asked.");
  if (status === 404 || status === 400)
    return failing("session_not_held", `The session held for ${heldS} s is not known any more (HTTP ${status}).`);
  if (rpcResult(step) !== null) return fine(`The session held for ${heldS} s still answers.`);
  const rpc = rpcError(step);
  // A method that this server does not have is an answer in the session all the same.
  if (rpc?.code === -32601) return fine(`The session held for ${heldS} s still answers.`);
  return failing(
    "session_not_held",
    `The session held for ${heldS} s answers with ${rpc === null ? `HTTP ${status}` : `JSON-RPC error ${rpc.code}`}.`,
  );
}

/** A session id that nobody was given, or that was ended: whoever is served under it rides on somebody's session. */
export function judgeDead(step: Step): Look {
  const status = step.response?.status ?? 0;
  if (status >= 200 && status < 300 && rpcResult(step) !== null)
    return failing("session_not_checked", "A session id that it never gave is served as if it were one.");
  return fine(`A dead session is refused (HTTP ${status}).`);
}
