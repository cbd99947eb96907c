"use client";
import { CopyId } from "./copy-id.tsx";
import { useFormHere } from "./form.tsx";

/** What a form's action made and nobody can read again: it stays until the page is left. */
export function ShownOnce({ what, children }: { what: string; children: string }) {
  const { state } = useFormHere();
  if (state.ok !== true || state.secret === undefined) return null;
  return (
    <div role="status" className="flex flex-col gap-2 rounded-md border border-line-strong bg-raised px-3 py-2 text-sm">
      <p className="font-medium">{children}</p>
      <p className="font-mono text-sm break-all select-all">{state.secret}</p>
      <div>
        <CopyId value={state.secret} shown="Copy" what={what} />
      </div>
    </div>
  );
}
