import { AreaField } from "./field.tsx";

/** The reason for an act that asks for one: kept in the log beside it, and read again at the weekly review. */
export function WhyField({
  help = "At least 20 characters, in words that a reviewer understands.",
}: {
  help?: string;
}) {
  return <AreaField name="why" label="Why" rows={2} required help={help} />;
}

/** Where a reason is worth having and must not slow anybody down at night: kept when it is given. */
export function OptionalWhy({ help = "Kept in the audit log, for whoever wonders later." }: { help?: string }) {
  return <AreaField name="why" label="Why" rows={2} help={help} />;
}
