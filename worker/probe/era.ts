// What an answer to server/discover says of the server's era: the specification's table, and what real servers do.
// PURE. Silence and outages are never taken for "legacy": they stop the probe.
import { isRecord } from "#lib/domain/surface";
import { WIRE_CODES } from "#lib/domain/transcript";
import type { Exchange } from "./wire.ts";

export const MODERN_VERSION = "2026-07-28";
export const LEGACY_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;

/** A whole answer that is not one to us: an older server may well send such a thing to a method it does not know. */
const UNREADABLE: string[] = [WIRE_CODES.noAnswer, WIRE_CODES.notJson, WIRE_CODES.notOurs];

export type EraDecision = "modern" | "legacy" | "stop";

export function decideEra({
  status,
  kind,
  message,
  step,
}: Pick<Exchange, "status" | "kind" | "message" | "step">): EraDecision {
  if (status === null || (step.error !== undefined && !UNREADABLE.includes(step.error.code))) return "stop";
  if (status === 401 || status === 403 || status === 429 || status >= 500) return "stop";
  if (status >= 300 && status < 400) return "stop";
  if (status < 300 && kind === "other") return "stop";
  const error = message && isRecord(message.error) ? message.error : null;
  // Our own badly built request (-32020, -32021) and a version dispute (-32022) are all words of a modern server.
  if (error && [-32020, -32021].includes(codeOf(error))) return "modern";
  if (error && codeOf(error) === -32022) return offersModern(error) || !offersLegacy(error) ? "modern" : "legacy";
  const result = message && isRecord(message.result) ? message.result : null;
  if (status >= 300 || !result || !Array.isArray(result.supportedVersions)) return "legacy";
  // It knows the question, and speaks only what is asked for in the older way.
  const { supportedVersions: versions } = result;
  return versions.includes(MODERN_VERSION) || !versions.some(isLegacy) ? "modern" : "legacy";
}

/** Servers send what they like: an object here may not even be made a number. */
const codeOf = ({ code }: Record<string, unknown>): number =>
  typeof code === "number" || typeof code === "string" ? Number(code) : Number.NaN;
const isLegacy = (version: unknown): boolean => (LEGACY_VERSIONS as readonly unknown[]).includes(version);

/** An answer to initialize that means "not this way": a modern-only server, or none of Streamable HTTP at all. */
export function refusesInitialize({ status, message }: Pick<Exchange, "status" | "message">): "modern" | "sse" | null {
  const error = message && isRecord(message.error) ? message.error : null;
  if (error && codeOf(error) === -32022) return "modern";
  return status === 400 || status === 404 || status === 405 ? "sse" : null;
}

/** -32022 to our version: with one that we speak as well ("mutual"), or with none; null for any other answer. */
export function versionDispute({ message }: Pick<Exchange, "message">): "mutual" | "none" | null {
  const error = message && isRecord(message.error) ? message.error : null;
  if (!error || codeOf(error) !== -32022) return null;
  return offersModern(error) ? "mutual" : "none";
}

function offered(error: Record<string, unknown>): unknown[] {
  const data = isRecord(error.data) ? error.data : {};
  return Array.isArray(data.supported) ? data.supported : [];
}
const offersModern = (error: Record<string, unknown>) => offered(error).includes(MODERN_VERSION);
const offersLegacy = (error: Record<string, unknown>) => offered(error).some(isLegacy);

/** Who we say we are, in both eras. */
export const CLIENT_INFO = { name: "tocsin-probe", version: "0.1.0" };
