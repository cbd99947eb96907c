import { forbidden } from "next/navigation";
import type { ReactNode } from "react";
import { incidentCounts } from "#lib/queries/incidents";
import { serverNames } from "#lib/queries/servers";
import { now } from "../_server/clock.ts";
import { read } from "../_server/read.ts";
import { can, routerOf, seated } from "../_server/session.ts";
import { InVisit } from "../_parts/in-visit.tsx";
import { Shell } from "../_parts/shell.tsx";
import { Activity } from "../_ui/activity.tsx";
import { NowProvider } from "../_ui/now.tsx";
import { Palette, type PaletteEntry } from "../_ui/palette.tsx";
import { Shortcuts } from "../_ui/shortcuts.tsx";
import { portalChooseTenant } from "./actions.ts";
import { NAV } from "./nav.ts";

export const dynamic = "force-dynamic";

/** The customers' side: its own routes, its own actions, the same commands and questions behind them. */
export default async function PortalLayout({ children }: { children: ReactNode }) {
  const who = await seated();
  if (routerOf(who) !== "portal") forbidden();
  const items = NAV.filter((item) => can(who, item.permission));
  const { open, names } = await read(who, async (tx) => ({
    open: (await incidentCounts(tx)).open,
    names: await serverNames(tx, 500),
  }));
  const entries: PaletteEntry[] = [
    ...items.map((item) => ({ group: "Go to", label: item.label, href: item.href, keys: `g ${item.key}` })),
    ...names.map((server) => ({ group: "Servers", label: server.name, href: `/portal/servers/${server.id}` })),
  ];
  return (
    <NowProvider serverNow={now().getTime()}>
      <InVisit who={who}>
        <Shell
          items={items}
          open={open}
          person={{ name: who.name, role: who.acting === null ? "Customer" : `Looks as ${who.acting.as.name}` }}
          visiting={who.acting !== null}
          seats={who.seats.map(({ id, name }) => ({ id, name }))}
          seatId={who.seat.id}
          chooseTenant={portalChooseTenant}
        >
          {children}
        </Shell>
      </InVisit>
      <Palette entries={entries} />
      <Shortcuts goto={items.map(({ key, href, label }) => ({ key, href, label }))} />
      <Activity />
    </NowProvider>
  );
}
