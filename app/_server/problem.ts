import "server-only";
import type { TocsinError } from "#lib/domain/error";

/** An error as a whole answer (RFC 9457): for routes, never for pages. */
export function problem(error: TocsinError, headers: Record<string, string> = {}): Response {
  const { code, message, httpStatus: status, field, retryAfterS } = error;
  return new Response(
    JSON.stringify({ type: "about:blank", title: message, status, code, ...(field ? { field } : {}) }),
    {
      status,
      headers: {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        ...(retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) }),
        ...headers,
      },
    },
  );
}
