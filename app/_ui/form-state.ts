/** What an action answers to the form that called it. `n` grows so that the same answer twice is still news. */
export type FormState =
  | { ok: null }
  | { ok: true; message: string; n: number }
  | { ok: false; message: string; code: string; field: string | null; n: number };

export const IDLE: FormState = { ok: null };
export type FormAction = (previous: FormState, form: FormData) => Promise<FormState>;
