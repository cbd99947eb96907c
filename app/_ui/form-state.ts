/** What an action answers to the form that called it. `n` grows so that the same answer twice is still news. */
export type FormState =
  | { ok: null }
  /** `secret` is shown once, to be copied, and is nowhere else. */
  | { ok: true; message: string; n: number; secret?: string }
  /** `door`: where a fresh sign-in is made, if not at the identity provider. */
  | { ok: false; message: string; code: string; field: string | null; n: number; door?: "emergency" };

export const IDLE: FormState = { ok: null };
export type FormAction = (previous: FormState, form: FormData) => Promise<FormState>;
