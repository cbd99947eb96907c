// Reasons, eras and the like in words; a name that an older or newer process wrote is shown as it is.
import { adviceFor, causeAmong } from "#lib/domain/cause";
import { REASONS, type Reason, type Severity, type Status } from "#lib/domain/reason";

export function reasonLabel(reason: string | null): string | null {
  if (reason === null) return null;
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason].label : reason;
}

/** @param cells what the regions saw, as stored: where they name a cause, its sentence is the more exact one */
export function reasonAdvice(reason: string | null, cells: unknown): string | null {
  if (reason === null || !Object.hasOwn(REASONS, reason)) return null;
  const seen = typeof cells === "object" && cells !== null ? Object.values(cells) : [];
  return adviceFor(reason as Reason, causeAmong(reason, seen));
}

const ERA_WORDS: Record<string, string> = { legacy: "Legacy", modern: "Modern", dual: "Both eras", sse: "HTTP+SSE" };
export const eraWord = (era: string | null): string => (era === null ? "Not found yet" : (ERA_WORDS[era] ?? era));

export const asStatus = (value: string): Status =>
  ["up", "degraded", "down", "unknown"].includes(value) ? (value as Status) : "unknown";
export const asSeverity = (value: string): Severity =>
  ["P1", "P2", "P3", "P4"].includes(value) ? (value as Severity) : "P4";

/** Origin and path; a query may hold a key and is never shown. */
export function shownUrl(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname === "/" ? "" : pathname}`;
  } catch {
    return url.slice(0, 120);
  }
}
