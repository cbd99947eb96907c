import type { NavItem } from "../_parts/nav-links.tsx";

export const NAV: NavItem[] = [
  { label: "Overview", href: "/portal", permission: "incident.read", key: "o", icon: "now" },
  { label: "Servers", href: "/portal/servers", permission: "server.read", key: "s", icon: "servers" },
  { label: "Incidents", href: "/portal/incidents", permission: "incident.read", key: "i", icon: "incidents" },
  { label: "Sinks", href: "/portal/sinks", permission: "sink.read", key: "k", icon: "sinks" },
  { label: "Runbooks", href: "/portal/runbooks", permission: "runbook.read", key: "b", icon: "runbooks" },
  { label: "History kept", href: "/portal/retention", permission: "retention.read", key: "h", icon: "retention" },
  { label: "Erasure", href: "/portal/requests", permission: "erasure.read", key: "e", icon: "erasure" },
  { label: "Visits", href: "/portal/visits", permission: "visit.read", key: "v", icon: "visits" },
];
