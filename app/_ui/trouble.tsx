"use client";
import { OctagonAlert } from "lucide-react";
import { useEffect, useState } from "react";

/** The event that the page's one stream passes on; its detail is the sentence, "" when all is well. */
export const TROUBLE = "tocsin:trouble";

/** Stands over every page of the console while a part of the installation stands still, also on one that was opened before. */
export function Trouble({ said }: { said: string }) {
  const [now, setNow] = useState(said);
  useEffect(() => setNow(said), [said]);
  useEffect(() => {
    const hear = (event: Event) => setNow(String((event as CustomEvent<string>).detail));
    window.addEventListener(TROUBLE, hear);
    return () => window.removeEventListener(TROUBLE, hear);
  }, []);
  return (
    <div role="status" aria-label="State of the installation">
      {now !== "" && (
        <p className="mb-5 flex items-start gap-2 rounded-md border border-down bg-down-wash px-3 py-2 text-sm text-ink">
          <OctagonAlert size={16} aria-hidden="true" className="mt-0.5 shrink-0 text-down" />
          <span>
            <strong className="font-semibold">Tocsin itself is not well.</strong> {now}
          </span>
        </p>
      )}
    </div>
  );
}
