import { isRecord } from "../domain/surface.ts";
import type { Check } from "./check.ts";
import { caused, rpcError, rpcResult, told, walled } from "./evidence.ts";

/** Every revision that Tocsin can talk to. */
export const KNOWN_VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const UNSUPPORTED_VERSION = -32022;

export const version: Check = {
  name: "protocol version",
  promise: "Server and clients share a protocol revision.",
  run(transcript) {
    for (const step of told(transcript)) {
      if (rpcError(step)?.code === UNSUPPORTED_VERSION) return caused("protocol_version_unsupported", step);
      if (step.phase !== "initialize" && step.phase !== "discover") continue;
      const offered = rpcResult(step)?.protocolVersion ?? rpcResult(step)?.supportedVersions;
      const versions = (Array.isArray(offered) ? offered : [offered]).filter((v) => typeof v === "string");
      if (versions.length > 0 && !versions.some((v) => KNOWN_VERSIONS.includes(v)))
        return caused("protocol_version_unsupported", step, `The server offers ${versions.slice(0, 5).join(", ")}.`);
    }
    return null;
  },
};

export const handshake: Check = {
  name: "handshake",
  promise: "The handshake is answered with a result that names version and capabilities, not with an error.",
  run(transcript) {
    for (const step of told(transcript)) {
      if (walled(step) || (step.phase !== "initialize" && step.phase !== "discover" && step.phase !== "initialized"))
        continue;
      const error = rpcError(step);
      if (error && error.code !== UNSUPPORTED_VERSION)
        return caused(step.phase === "discover" ? "discover_error" : "initialize_error", step);
      const missing = missingParts(step.phase, rpcResult(step));
      if (missing.length > 0)
        return caused(
          step.phase === "discover" ? "discover_invalid" : "initialize_invalid",
          step,
          `The handshake's result lacks ${missing.join(" and ")}.`,
        );
    }
    return null;
  },
};

function missingParts(phase: string, result: Record<string, unknown> | null): string[] {
  if (result === null) return [];
  const missing = isRecord(result.capabilities) ? [] : ["capabilities"];
  // The conversation ends there, with no list and nothing wrong to be seen: never green.
  const versions = result.supportedVersions;
  if (phase === "discover" && !(Array.isArray(versions) && versions.some((v) => typeof v === "string")))
    missing.unshift("supportedVersions");
  if (phase === "initialize" && typeof result.protocolVersion !== "string") missing.unshift("protocolVersion");
  if (phase === "initialize" && !isRecord(result.serverInfo)) missing.push("serverInfo");
  return missing;
}

export const session: Check = {
  name: "session",
  promise: "A session that the server forgets twice in a row is named as lost.",
  run(transcript) {
    const step = told(transcript).find(
      (s) =>
        (s.response?.status === 400 || s.response?.status === 404) &&
        s.request?.headers["mcp-session-id"] !== undefined &&
        // "Method not found" is about the method.
        rpcError(s)?.code !== -32601 &&
        (s.phase === "initialized" || s.phase === "list"),
    );
    return step ? caused("session_lost", step) : null;
  },
};
