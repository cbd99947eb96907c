import type { NavItem } from "../_parts/nav-links.tsx";

export const NAV: NavItem[] = [
  { label: "Overview", href: "/portal", permission: "incident.read", key: "o", icon: "now" },
];
