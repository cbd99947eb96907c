import { text } from "../../_server/action.ts";

const PREFIX = "settings.";

/** A check's form as its commands take it. */
export function checkInput(form: FormData) {
  const settings: Record<string, string> = {};
  for (const [name, value] of form.entries())
    if (name.startsWith(PREFIX) && typeof value === "string") settings[name.slice(PREFIX.length)] = value;
  return {
    name: text(form, "name"),
    everyS: text(form, "everyS"),
    callsPerDay: text(form, "callsPerDay"),
    paused: text(form, "paused") === "on",
    tryNow: text(form, "tryNow") === "on",
    settings,
  };
}

export const saved = (tried: boolean): string =>
  tried ? "Saved. It is being tried: what comes back is shown with it." : "Saved, not tried.";
