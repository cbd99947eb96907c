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
  | "E_READ_ONLY"
  | "E_IMPERSONATION"
  | "E_IMPERSONATION_BINDING"
  | "E_IMPERSONATION_ENDED"
  | "E_IMPERSONATION_BLOCKED"
  | "E_STEP_UP"
  | "E_APPROVAL_NEEDED"
  | "E_SELF_APPROVAL"
  | "E_EXPIRED"
  | "E_LAST_ROOT"
  | "E_REASON"
  | "E_TENANT"
  | "E_OIDC_CHECK"
  | "E_ID_TOKEN"
  | "E_RATE_LIMITED"
  | "E_TOO_LARGE"
  | "E_AGENT_VERSION"
  | "E_SIGNATURE"
  | "E_UNPROVEN"
  | "E_CODE_WRONG"
  | "E_CODE_EXPIRED"
  | "E_CODE_TRIES"
  | "E_SINK_TAKEN"
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
  E_READ_ONLY: 403,
  E_IMPERSONATION: 409,
  E_IMPERSONATION_BINDING: 401,
  E_IMPERSONATION_ENDED: 401,
  E_IMPERSONATION_BLOCKED: 403,
  E_STEP_UP: 403,
  E_APPROVAL_NEEDED: 403,
  E_SELF_APPROVAL: 403,
  E_EXPIRED: 403,
  E_LAST_ROOT: 409,
  E_REASON: 422,
  E_TENANT: 400,
  E_OIDC_CHECK: 400,
  E_ID_TOKEN: 401,
  E_RATE_LIMITED: 429,
  E_TOO_LARGE: 413,
  E_AGENT_VERSION: 426,
  E_SIGNATURE: 401,
  E_UNPROVEN: 409,
  E_CODE_WRONG: 422,
  E_CODE_EXPIRED: 410,
  E_CODE_TRIES: 429,
  E_SINK_TAKEN: 409,
  E_CONFIG: 500,
};

export class TocsinError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  /** Form field the sentence belongs to, where there is one. */
  readonly field: string | undefined;
  /** Seconds after which another try makes sense, where that is known. */
  readonly retryAfterS: number | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    more: { detail?: string; field?: string; cause?: unknown; retryAfterS?: number } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "TocsinError";
    this.code = code;
    this.detail = more.detail;
    this.field = more.field;
    this.retryAfterS = more.retryAfterS;
  }
  get httpStatus(): number {
    return STATUS[this.code];
  }
}
