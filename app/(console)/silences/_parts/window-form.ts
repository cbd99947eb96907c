// A window's form as its rule: read the same by the preview in the browser and by the action.
export function ruleOfForm(form: FormData): Record<string, unknown> {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  const repeat = text("rule.repeat");
  const weekday = text("rule.weekday") || "1";
  return {
    repeat,
    from: text("rule.from"),
    startsAt: text("rule.startsAt"),
    minutes: text("rule.minutes"),
    zone: text("rule.zone"),
    ...(repeat === "once" ? {} : { every: text("rule.every") || "1", until: text("rule.until") }),
    ...(repeat === "weeks" ? { weekdays: form.getAll("rule.weekdays").map(String) } : {}),
    ...(repeat === "months" ? { nth: text("rule.nth") || "1", weekday } : {}),
  };
}
