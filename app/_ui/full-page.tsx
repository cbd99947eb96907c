import type { ReactNode } from "react";
import { Logo } from "./logo.tsx";

/** A page outside the console's shell: sign-in, errors, nowhere to go. */
export function FullPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center px-4 py-10">
      <div className="w-full max-w-sm">
        <Logo size={22} />
        <h1 className="mt-6 text-xl font-semibold">{title}</h1>
        <div className="mt-2 flex flex-col gap-4 text-sm text-ink-2">{children}</div>
      </div>
    </main>
  );
}
