// An error has two voices: `message` is one sentence for the user that says what to do, `detail` is for the
// operator. Neither may hold a secret. `code` is stable and documented; interfaces answer with it (RFC 9457).
export type ErrorCode =
  | "E_FORBIDDEN"
  | "E_NOT_FOUND"
  | "E_INVALID"
  | "E_UNKNOWN_FIELD"
  | "E_URL_BLOCKED"
  | "E_CONFLICT"
  | "E_LIMIT"
  | "E_STATE"
  | "E_ORIGIN"
  | "E_SIGNED_OUT"
  | "E_UNAVAILABLE"
  | "E_CONFIG";

const STATUS: Record<ErrorCode, number> = {
  E_FORBIDDEN: 403,
  E_NOT_FOUND: 404,
  E_INVALID: 422,
  E_UNKNOWN_FIELD: 400,
  E_URL_BLOCKED: 422,
  E_CONFLICT: 409,
  E_LIMIT: 429,
  E_STATE: 409,
  E_ORIGIN: 403,
  E_SIGNED_OUT: 401,
  E_UNAVAILABLE: 503,
  E_CONFIG: 500,
};

export class TocsinError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  /** Form field the sentence belongs to, where there is one. */
  readonly field: string | undefined;
  constructor(code: ErrorCode, message: string, more: { detail?: string; field?: string; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "TocsinError";
    this.code = code;
    this.detail = more.detail;
    this.field = more.field;
  }
  get httpStatus(): number {
    return STATUS[this.code];
  }
}
