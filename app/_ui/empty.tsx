import type { ReactNode } from "react";

/** Says why there is nothing, and what to do next. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-start gap-2 rounded-lg border border-dashed border-line-strong bg-panel px-5 py-6">
      <p className="font-medium">{title}</p>
      <p className="max-w-prose text-sm text-ink-2">{children}</p>
      {action !== undefined && <div className="mt-1 flex flex-wrap gap-2">{action}</div>}
    </div>
  );
}
