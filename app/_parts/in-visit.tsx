import type { ReactNode } from "react";
import type { Seated } from "../_server/session.ts";
import { VisitBanner } from "../_ui/visit-banner.tsx";

/** For every layout that a visit can reach: puts the banner over it while one runs. */
export function InVisit({ who, children }: { who: Seated; children: ReactNode }) {
  const { acting } = who;
  if (acting === null) return children;
  return (
    <VisitBanner
      visit={{
        who: who.name,
        as: acting.as.name,
        tenant: who.seat.name,
        mode: acting.mode,
        reason: acting.reason,
        leftMs: acting.leftMs,
        until: acting.notAfter,
      }}
    >
      {children}
    </VisitBanner>
  );
}
