import type { ReactNode } from "react";
import { may } from "#lib/domain/permissions";
import { waitingFor } from "#lib/queries/approvals";
import { overdueReviews } from "#lib/queries/audit-review";
import { tenantsToVisit, visitsWaiting } from "#lib/queries/impersonation";
import { incidentCounts, incidents } from "#lib/queries/incidents";
import { serverNames } from "#lib/queries/servers";
import { now } from "../_server/clock.ts";
import { read } from "../_server/read.ts";
import { can, routerOf, type Seated, seated } from "../_server/session.ts";
import { troubleNow } from "../_server/trouble.ts";
import { Activity } from "../_ui/activity.tsx";
import { Trouble } from "../_ui/trouble.tsx";
import { NowProvider } from "../_ui/now.tsx";
import { Palette, type PaletteEntry } from "../_ui/palette.tsx";
import { Shortcuts } from "../_ui/shortcuts.tsx";
import type { NavItem } from "../_parts/nav-links.tsx";
import { NAV } from "./nav.ts";
import { Shell } from "../_parts/shell.tsx";
import { chooseTenantAction } from "./actions.ts";

export const dynamic = "force-dynamic";

const LAYER_WORDS: Record<string, string> = {
  root: "Root operator",
  operator: "Operator",
  auditor: "Auditor, reads only",
  customer: "Customer",
};

export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const who = await seated();
  // A customer's way from here is the page's to say: it knows which page of the portal shows the same.
  if (routerOf(who) === "portal") return children;
  const { entries, open, waiting, overdue } = await read(who, async (tx, at) => {
    const reads = can(who, "incident.read");
    const live = reads ? await incidents(tx, { states: ["open", "acknowledged"], take: 100 }) : [];
    const rows = can(who, "server.read") ? await serverNames(tx, 500) : [];
    const entries: PaletteEntry[] = [
      ...live.map((i) => ({
        group: "Open incidents",
        label: `#${i.number} ${i.subject}: ${i.reason}`,
        href: `/incidents/${i.id}`,
      })),
      ...rows.map((s) => ({ group: "Servers", label: s.name, href: `/servers/${s.id}` })),
    ];
    return {
      entries,
      overdue: can(who, "audit.review") ? await overdueReviews(tx, who.seat.id, at) : 0,
      open: reads ? (await incidentCounts(tx)).open : 0,
      waiting: await waitingFor(tx, { personId: who.personId, layers: who.seat.layers }, at),
    };
  });
  const due: Record<string, Pick<NavItem, "due">> = {
    "/audit": { due: { count: overdue, word: "days not reviewed" } },
    "/visits": { due: { count: await visits(who), word: "waiting for you" } },
  };
  const trouble = await troubleNow();
  const items = NAV.filter((item) => can(who, item.permission)).map((item) => ({ ...item, ...due[item.href] }));
  const layers = who.seat.layers;
  const role = layers.includes("root") ? LAYER_WORDS.root : LAYER_WORDS[layers[0] ?? ""];
  const acts: PaletteEntry[] = [
    ...(may(layers, "server.register") ? [{ group: "Do", label: "Register a server", href: "/servers/new" }] : []),
    ...(may(layers, "sink.change") ? [{ group: "Do", label: "Add a sink", href: "/sinks/new" }] : []),
  ];
  const pages = items.map((item) => ({ group: "Go to", label: item.label, href: item.href, keys: `g ${item.key}` }));
  return (
    <NowProvider serverNow={now().getTime()}>
      <Shell
        items={items}
        open={open}
        waiting={waiting}
        person={{ name: who.name, role: role ?? "" }}
        seats={who.seats.map(({ id, name }) => ({ id, name }))}
        seatId={who.seat.id}
        chooseTenant={chooseTenantAction}
      >
        <Trouble said={trouble} />
        {children}
      </Shell>
      <Palette entries={[...acts, ...pages, ...entries]} />
      <Shortcuts goto={items.map(({ key, href, label }) => ({ key, href, label }))} />
      <Activity />
    </NowProvider>
  );
}

/** Of every tenant where they may let a colleague change things, not only of the one they look at. */
async function visits(who: Seated): Promise<number> {
  if (!can(who, "impersonation.approve") || who.emergency) return 0;
  const tenants = await read(who, (tx) => tenantsToVisit(tx, who));
  const ids = tenants.map((t) => t.id);
  return ids.length === 0 ? 0 : read(who, (tx) => visitsWaiting(tx, tenants, who.personId), ids);
}
