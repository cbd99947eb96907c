// Is the database away (or busy), or is it this one slot that it refuses? The first is waited out for as long as it
// lasts; the second must not block its line for ever.
const AWAY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT",
  "P1001",
  "P1002",
  "P1008",
  "P1017",
  "P2024",
  "P2028",
  "P2034",
  // A lock that somebody holds: see isLocked.
  "55P03",
]);
/** Connection, resources, operator intervention, rollback (serialisation, deadlock), query cancelled, read-only standby. */
const CLASSES = /^(08|53|57|40|58|25006)/;
const WORDS =
  /connection (error|terminated|refused|reset|closed|timed? ?out)|not queryable|server has closed|transaction (not found|already closed)|can't reach database|timeout exceeded when trying to connect|terminating connection|starting up|shutting down/i;

export function isOutage(err: unknown, depth = 0): boolean {
  if (typeof err !== "object" || err === null || depth > 5) return false;
  const { code, cause, message, meta, originalCode } = err as {
    code?: unknown;
    cause?: unknown;
    message?: unknown;
    meta?: unknown;
    originalCode?: unknown;
  };
  for (const c of [code, originalCode])
    if (typeof c === "string" && (AWAY.has(c) || (/^[0-9A-Z]{5}$/.test(c) && CLASSES.test(c)))) return true;
  if (typeof message === "string" && WORDS.test(message)) return true;
  return (
    isOutage(cause, depth + 1) ||
    isOutage(meta, depth + 1) ||
    isOutage((meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError, depth + 1)
  );
}

/** A row that somebody holds for longer than was worth waiting. */
export const isLocked = (err: unknown): boolean => sqlStates(err).includes("55P03");

/** Every code that the database or the client gave an error, from the outermost inwards. */
export function sqlStates(err: unknown, depth = 0): string[] {
  if (typeof err !== "object" || err === null || depth > 5) return [];
  const { code, originalCode, cause, meta, driverAdapterError } = err as Record<string, unknown>;
  return [code, originalCode]
    .filter((c) => typeof c === "string")
    .concat(...[cause, meta, driverAdapterError].map((inner) => sqlStates(inner, depth + 1)));
}
