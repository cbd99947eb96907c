import { Eye, PenLine } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Countdown } from "./countdown.tsx";

export interface VisitShown {
  who: string;
  as: string;
  tenant: string;
  mode: "ro" | "rw";
  reason: string;
  /** By the database's clock, as is `until`. */
  leftMs: number;
  until: Date;
}

/**
 * Stands over every page of a visit, and nothing closes it but the end of the visit. Its button is a plain form: it
 * works before any script does.
 */
export function VisitBanner({ visit, children }: { visit: VisitShown; children: ReactNode }) {
  const Icon = visit.mode === "ro" ? Eye : PenLine;
  return (
    <div className="[--banner:6.5rem] md:[--banner:3rem]">
      <section
        aria-label="Visit"
        className="sticky top-0 z-30 flex h-(--banner) flex-wrap content-center items-center gap-x-3 gap-y-1 overflow-hidden border-b-2 border-degraded bg-degraded-wash px-4 text-sm text-ink"
      >
        <Icon size={16} aria-hidden="true" className="hidden shrink-0 text-degraded md:block" />
        <p
          className="line-clamp-3 min-w-0 basis-full text-xs md:line-clamp-1 md:flex-1 md:basis-96 md:text-sm"
          title={visit.reason}
        >
          <strong className="font-semibold">
            {visit.who} looks as {visit.as}
          </strong>{" "}
          of {visit.tenant}: {visit.mode === "ro" ? "looks only" : "may change things"}
          <span className="text-ink-2"> · {visit.reason}</span>
        </p>
        <p className="tabular flex-1 text-xs md:flex-none md:text-sm">
          <Countdown leftMs={visit.leftMs} until={visit.until.toISOString().slice(11, 16)} />
        </p>
        <form method="post" action="/api/visit/end" className="shrink-0">
          <Button type="submit" small look="primary">
            End visit
          </Button>
        </form>
      </section>
      {children}
    </div>
  );
}
