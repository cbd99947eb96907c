// A session that is held over time: opened in one look, asked again in a later one; and a dead one, which must be refused.
import { z } from "zod";
import { type CheckKind, whole } from "./form.ts";

export const sessionSettings = z.strictObject({
  /** Seconds for which a session is held before it is asked again. */
  holdS: whole(60, 3_600, "Hold it between 60 s and an hour.").default(120),
});
export type SessionSettings = z.infer<typeof sessionSettings>;

export const session: CheckKind<SessionSettings> = {
  name: "Session check",
  summary: "Holds a session over time and asks it again, and sees that a dead one is refused.",
  settings: sessionSettings,
  values: (s) => ({ holdS: String(s.holdS) }),
  fields: [
    {
      name: "holdS",
      label: "Hold it for, in s",
      help: "Shorter than the time after which the server drops idle sessions by design.",
      input: "number",
      required: true,
      placeholder: "120",
    },
  ],
};
