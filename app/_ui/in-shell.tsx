import type { ReactNode } from "react";

/** A page inside the console's shell that has nothing to show but a sentence and a way on. */
export function InShell({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex max-w-prose flex-col items-start gap-4 pt-[8vh] text-sm text-ink-2">
      <h1 className="text-xl font-semibold text-ink">{title}</h1>
      {children}
    </div>
  );
}
