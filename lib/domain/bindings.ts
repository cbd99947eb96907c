// Groups of the identity provider to memberships, by bindings that a root operator keeps. Pure.
import type { Layer } from "./permissions.ts";

/** What a person is, as their groups say: one layer per tenant, or one for the platform. */
export interface Membership {
  layer: Layer;
  /** null: every tenant (auditor) or none (root). */
  tenantSlug: string | null;
}

export interface Binding {
  /** A group's exact name; for operator and customer one star may stand for the tenant's slug. */
  pattern: string;
  layer: Layer;
  /** The tenant of a pattern without a star; null for root and auditor. */
  tenantSlug: string | null;
}

const SLUG = /^[a-z0-9](?:-?[a-z0-9]){1,38}$/;

/** As installed: tocsin-root, tocsin-auditor, tocsin-operator-<tenant>, tocsin-customer-<tenant>. */
export const INSTALLED: readonly Binding[] = [
  { pattern: "tocsin-root", layer: "root", tenantSlug: null },
  { pattern: "tocsin-auditor", layer: "auditor", tenantSlug: null },
  { pattern: "tocsin-operator-*", layer: "operator", tenantSlug: null },
  { pattern: "tocsin-customer-*", layer: "customer", tenantSlug: null },
];

/** @returns the tenant's slug, null for a layer without a tenant, undefined when the group is not meant */
function meant(binding: Binding, group: string): string | null | undefined {
  const star = binding.pattern.indexOf("*");
  if (binding.layer === "root" || binding.layer === "auditor") return group === binding.pattern ? null : undefined;
  if (star < 0) return group === binding.pattern && binding.tenantSlug !== null ? binding.tenantSlug : undefined;
  const [head, tail] = [binding.pattern.slice(0, star), binding.pattern.slice(star + 1)];
  if (!group.startsWith(head) || !group.endsWith(tail) || group.length < head.length + tail.length) return undefined;
  const slug = group.slice(head.length, group.length - tail.length);
  return SLUG.test(slug) ? slug : undefined;
}

/** An auditor holds no other layer: with any other membership beside it, only the auditor's remains. */
export function memberships(groups: readonly string[], bindings: readonly Binding[] = INSTALLED): Membership[] {
  const found = new Map<string, Membership>();
  for (const group of new Set(groups))
    for (const binding of bindings) {
      const tenantSlug = meant(binding, group);
      if (tenantSlug !== undefined) found.set(`${binding.layer} ${tenantSlug}`, { layer: binding.layer, tenantSlug });
    }
  const all = [...found.values()];
  return all.some((m) => m.layer === "auditor") ? all.filter((m) => m.layer === "auditor") : all;
}

/** One sentence, or null when a binding of this shape may be kept. */
export function bindingFault(binding: Binding): string | null {
  const stars = binding.pattern.split("*").length - 1;
  const platform = binding.layer === "root" || binding.layer === "auditor";
  if (platform && stars > 0) return "A group for root operators or auditors is named exactly: take the star out.";
  if (platform && binding.tenantSlug !== null)
    return "Root operators and auditors belong to no tenant: leave the tenant empty.";
  if (platform) return null;
  if (stars > 1) return "One star stands for the tenant's slug: leave only one in the pattern.";
  if (stars === 1 && binding.tenantSlug !== null)
    return "The star already names the tenant: leave the tenant empty or take the star out.";
  if (stars === 0 && (binding.tenantSlug === null || !SLUG.test(binding.tenantSlug)))
    return "Say which tenant this group belongs to, or put a star where the group's name holds the tenant's slug.";
  if (stars === 1 && binding.pattern === "*")
    return "A star alone would make every group of the company a tenant: write what stands around it.";
  return null;
}

/** What a binding makes of the group's people, in words. */
export function bindingWords({ pattern, layer, tenantSlug }: Binding): string {
  if (layer === "root") return "root operator of this installation";
  if (layer === "auditor") return "auditor of everything";
  if (pattern.includes("*")) return `${layer} of the tenant whose slug stands at the star`;
  return `${layer} of ${tenantSlug}`;
}

export const sameBinding = (a: Binding, b: Binding): boolean =>
  a.pattern === b.pattern && a.layer === b.layer && a.tenantSlug === b.tenantSlug;
