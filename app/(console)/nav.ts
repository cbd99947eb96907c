import type { NavItem } from "../_parts/nav-links.tsx";

export const NAV: NavItem[] = [
  { label: "Now", href: "/", permission: "incident.read", key: "n", icon: "now" },
  { label: "Incidents", href: "/incidents", permission: "incident.read", key: "i", icon: "incidents" },
  { label: "Servers", href: "/servers", permission: "server.read", key: "s", icon: "servers" },
  { label: "Sinks", href: "/sinks", permission: "sink.read", key: "k", icon: "sinks" },
  { label: "Routes", href: "/routes", permission: "policy.read", key: "r", icon: "routes" },
  { label: "Silences", href: "/silences", permission: "silence.read", key: "l", icon: "silences" },
  { label: "Approvals", href: "/approvals", permission: "approval.read", key: "o", icon: "approvals" },
  { label: "History kept", href: "/retention", permission: "retention.read", key: "h", icon: "retention" },
  { label: "Erasure", href: "/erasure", permission: "erasure.read", key: "e", icon: "erasure" },
  { label: "Visits", href: "/visits", permission: "visit.read", key: "v", icon: "visits" },
  { label: "Audit log", href: "/audit", permission: "audit.read", key: "a", icon: "audit" },
  { label: "Reports", href: "/reports", permission: "report.read", key: "w", icon: "reports" },
  { label: "Tenants", href: "/tenants", permission: "tenant.read", key: "t", icon: "tenants" },
  { label: "People", href: "/people", permission: "role.read", key: "u", icon: "people" },
  { label: "Roles", href: "/roles", permission: "role.read", key: "y", icon: "roles" },
  { label: "Platform", href: "/platform", permission: "platform.read", key: "p", icon: "platform" },
];
