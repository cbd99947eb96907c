// The table of action × layer. Four layers, four threat models, not a hierarchy: each may something that the others
// may not. Commands and queries ask it, the console prints it. Groups of the identity provider decide who is what.
export const LAYERS = ["root", "operator", "auditor", "customer"] as const;
/** root: the platform, no tenant's content. operator: named tenants. auditor: reads, never writes. customer: its own tenant. */
export type Layer = (typeof LAYERS)[number];

interface Rule {
  sentence: string;
  layers: readonly Layer[];
}

export const PERMISSIONS = {
  "server.read": {
    sentence: "See servers, their verdicts and transcripts",
    layers: ["operator", "auditor", "customer"],
  },
  "server.register": { sentence: "Register a server", layers: ["operator", "customer"] },
  "server.change": {
    sentence: "Change a server's interval, thresholds and credential",
    layers: ["operator", "customer"],
  },
  "server.remove": { sentence: "Remove a server", layers: ["operator", "customer"] },
  "incident.read": { sentence: "See incidents and why somebody was told", layers: ["operator", "auditor", "customer"] },
  "incident.acknowledge": { sentence: "Acknowledge an incident", layers: ["operator"] },
  "incident.resolve": { sentence: "Resolve an incident by hand", layers: ["operator"] },
  "incident.note": { sentence: "Write a note on an incident", layers: ["operator"] },
  "sink.read": { sentence: "See sinks and deliveries, secrets never", layers: ["operator", "auditor", "customer"] },
  "sink.change": { sentence: "Add, change, disable and test sinks", layers: ["operator", "customer"] },
  "delivery.redrive": { sentence: "Send a dead delivery again", layers: ["operator"] },
  "policy.read": { sentence: "See who is told what and when", layers: ["operator", "auditor", "customer"] },
  "policy.change": { sentence: "Change who is told what and when", layers: ["operator"] },
  "silence.read": { sentence: "See silences", layers: ["operator", "auditor", "customer"] },
  "silence.change": { sentence: "Silence a server for a time, or end a silence", layers: ["operator"] },
  "audit.read": { sentence: "Read the audit log", layers: ["auditor", "root"] },
  "platform.read": { sentence: "See the installation's processes, duties and own alerts", layers: ["root", "auditor"] },
  "platform.change": { sentence: "Change the installation's own sinks, policy and silences", layers: ["root"] },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof PERMISSIONS;

/** What a person is, as their groups say: one layer per tenant, or one for the platform. */
export interface Membership {
  layer: Layer;
  /** null: every tenant (auditor) or none (root). */
  tenantSlug: string | null;
}

const SLUG = /^tocsin-(operator|customer)-([a-z0-9](?:-?[a-z0-9]){1,38})$/;

/**
 * Groups to memberships: tocsin-root, tocsin-auditor, tocsin-operator-<tenant>, tocsin-customer-<tenant>.
 * An auditor holds no other layer: with any other membership beside it, only the auditor's remains.
 */
export function memberships(groups: readonly string[]): Membership[] {
  const found: Membership[] = [];
  for (const group of new Set(groups)) {
    if (group === "tocsin-root") found.push({ layer: "root", tenantSlug: null });
    else if (group === "tocsin-auditor") found.push({ layer: "auditor", tenantSlug: null });
    else {
      const match = SLUG.exec(group);
      if (match?.[1] && match[2]) found.push({ layer: match[1] as Layer, tenantSlug: match[2] });
    }
  }
  return found.some((m) => m.layer === "auditor") ? found.filter((m) => m.layer === "auditor") : found;
}

/**
 * Layers that these memberships give in one tenant. On the installation's own tenant a root operator stands where
 * an operator stands elsewhere.
 */
export function layersIn(members: readonly Membership[], tenant: { slug: string; isPlatform: boolean }): Layer[] {
  const layers = new Set<Layer>();
  for (const m of members) {
    if (m.layer === "auditor") layers.add("auditor");
    else if (m.layer === "root") {
      if (tenant.isPlatform) {
        layers.add("root");
        layers.add("operator");
      }
    } else if (m.tenantSlug === tenant.slug) layers.add(m.layer);
  }
  return [...layers];
}

export function may(layers: readonly Layer[], action: Action): boolean {
  return layers.some((layer) => (PERMISSIONS[action].layers as readonly Layer[]).includes(layer));
}
