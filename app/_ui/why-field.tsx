import { AreaField } from "./field.tsx";

/** The reason for an act that asks for one: kept in the log beside it, and read again at the weekly review. */
export function WhyField({ help = "At least 20 characters, in words that a reviewer understands." }: { help?: string }) {
  return <AreaField name="why" label="Why" rows={2} required help={help} />;
}
