// The table of action × layer. Four layers, four threat models, not a hierarchy: each may something that the others
// may not (permissions.test.ts asks for every pair). Commands and queries ask it, the console prints it, its hash is
// pinned in the database. Groups of the identity provider decide who is what: bindings.ts.
import type { Membership } from "./bindings.ts";

export const LAYERS = ["root", "operator", "auditor", "customer"] as const;
/** root: the platform, no tenant's content. operator: named tenants. auditor: reads, never writes. customer: its own tenant. */
export type Layer = (typeof LAYERS)[number];

export interface Rule {
  sentence: string;
  layers: readonly Layer[];
  /** Changes something: refused to whoever only looks. */
  writes?: true;
  /** Asks for a sign-in of the last five minutes. */
  fresh?: true;
  /** Asks why, and keeps the answer with the row of the log. */
  why?: true;
  /** Needs a second person, unless fewer than two could decide. */
  two?: true;
  /** Never while looking as somebody else, not even with a second person's leave. */
  notAsAnother?: true;
}

export const PERMISSIONS = {
  "server.read": {
    sentence: "See servers, their verdicts and transcripts",
    layers: ["operator", "auditor", "customer"],
  },
  "server.register": { sentence: "Register a server", layers: ["operator", "customer"], writes: true },
  "server.change": {
    sentence: "Change a server's interval and thresholds, check it now",
    layers: ["operator", "customer"],
    writes: true,
  },
  "server.credential": {
    sentence: "Set or delete the credential that a server is checked with",
    layers: ["operator", "customer"],
    writes: true,
    notAsAnother: true,
  },
  "server.accept_tools": {
    sentence: "Accept a server's changed tools as what is expected of it",
    layers: ["operator", "customer"],
    writes: true,
  },
  "check.change": {
    sentence: "Add, change and remove test calls, health addresses and session checks of a server",
    layers: ["operator", "customer"],
    writes: true,
  },
  "check.allow_tool": {
    sentence: "Let test calls use a tool that the server does not mark as read-only",
    layers: ["operator", "customer"],
    writes: true,
    fresh: true,
    why: true,
    notAsAnother: true,
  },
  "server.remove": { sentence: "Remove a server", layers: ["operator", "customer"], writes: true },
  "incident.read": { sentence: "See incidents and why somebody was told", layers: ["operator", "auditor", "customer"] },
  "incident.acknowledge": { sentence: "Acknowledge an incident", layers: ["operator"], writes: true },
  "incident.resolve": { sentence: "Resolve an incident by hand", layers: ["operator"], writes: true },
  "incident.note": { sentence: "Write a note on an incident", layers: ["operator"], writes: true },
  "sink.read": { sentence: "See sinks and deliveries, secrets never", layers: ["operator", "auditor", "customer"] },
  "sink.change": { sentence: "Add, change, disable and test sinks", layers: ["operator", "customer"], writes: true },
  "sink.secret": {
    sentence: "Give a sink its key, token or signing secret",
    layers: ["operator", "customer"],
    writes: true,
    notAsAnother: true,
  },
  "sink.prove": {
    sentence: "Prove that a sink is one's own",
    layers: ["operator", "customer"],
    writes: true,
    notAsAnother: true,
  },
  "delivery.redrive": { sentence: "Send a dead delivery again", layers: ["operator"], writes: true },
  "policy.read": { sentence: "See who is told what and when", layers: ["operator", "auditor", "customer"] },
  "policy.change": { sentence: "Change who is told what and when", layers: ["operator"], writes: true },
  "severity.change": {
    sentence: "Change how grave each reason counts in this tenant",
    layers: ["operator"],
    writes: true,
  },
  "schedule.read": { sentence: "See who is on call and when", layers: ["operator", "auditor"] },
  "schedule.change": {
    sentence: "Change who is on call, stand in for somebody, say how one is reached",
    layers: ["operator"],
    writes: true,
  },
  "source.read": { sentence: "See which other monitors send alerts here", layers: ["operator", "auditor"] },
  "source.change": {
    sentence: "Let another monitor send alerts here, or take that back",
    layers: ["operator"],
    writes: true,
    notAsAnother: true,
  },
  "runbook.read": { sentence: "Read runbooks", layers: ["operator", "auditor", "customer"] },
  "runbook.change": { sentence: "Write the tenant's own runbooks", layers: ["operator", "customer"], writes: true },
  "postmortem.read": { sentence: "Read postmortems and what is still to be done", layers: ["operator", "auditor"] },
  "postmortem.change": {
    sentence: "Write a postmortem, set and close its action items",
    layers: ["operator"],
    writes: true,
  },
  "drill.read": { sentence: "See drills and what came of them", layers: ["operator", "auditor", "root"] },
  "drill.run": { sentence: "Run a drill through the whole road", layers: ["operator", "root"], writes: true },
  "noise.read": {
    sentence: "See who was paged how often, and what was held back",
    layers: ["operator", "auditor"],
  },
  "silence.read": { sentence: "See silences", layers: ["operator", "auditor", "customer"] },
  "silence.change": { sentence: "Silence a server for a time, or end a silence", layers: ["operator"], writes: true },
  "retention.read": { sentence: "See how long history is kept", layers: ["operator", "auditor", "customer"] },
  "retention.change": {
    sentence: "Keep history longer, never past what the tier allows",
    layers: ["operator", "customer"],
    writes: true,
  },
  "retention.cut": {
    sentence: "Keep history for a shorter time, which deletes what is older",
    layers: ["operator", "customer"],
    writes: true,
    fresh: true,
    why: true,
    two: true,
    notAsAnother: true,
  },
  "approval.read": {
    sentence: "See what one person asked for and another decides",
    layers: ["root", "operator", "auditor"],
  },
  "erasure.read": { sentence: "See requests for erasure and their state", layers: ["operator", "auditor", "customer"] },
  "erasure.file": {
    sentence: "File a request for erasure under Article 17",
    layers: ["operator", "customer"],
    writes: true,
    notAsAnother: true,
  },
  "erasure.open": {
    sentence: "Read whom a request for erasure is about",
    layers: ["operator"],
    writes: true,
    notAsAnother: true,
  },
  "visit.read": {
    sentence: "See who looked into a tenant as one of its people, when and why",
    layers: ["customer", "operator", "auditor", "root"],
  },
  "visit.end": {
    sentence: "End a visit of the staff to one's own tenant at once",
    layers: ["customer"],
    writes: true,
    notAsAnother: true,
  },
  "audit.read": { sentence: "Read the audit log", layers: ["auditor", "root", "operator"] },
  "audit.export": {
    sentence: "Verify the audit log and take it away with its proof",
    layers: ["auditor", "root"],
    notAsAnother: true,
  },
  "audit.review": {
    sentence: "Review a day of the audit log and say so",
    layers: ["root", "operator"],
    writes: true,
    notAsAnother: true,
  },
  "audit_stream.change": {
    sentence: "Choose where the audit log is copied to",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
  },
  "platform.read": { sentence: "See the installation's processes, duties and own alerts", layers: ["root", "auditor"] },
  "platform.change": {
    sentence: "Change the installation's own sinks, policy and silences",
    layers: ["root"],
    writes: true,
  },
  "tenant.read": { sentence: "See the list of tenants and their tiers", layers: ["root", "auditor"] },
  "tenant.change": { sentence: "Add a tenant, change its name and tier", layers: ["root"], writes: true, fresh: true },
  "tenant.erase": {
    sentence: "Erase a tenant with everything in it but the proof that it was there",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
    two: true,
  },
  "address.read": {
    sentence: "See which private addresses a tenant may reach",
    layers: ["root", "operator", "auditor"],
  },
  "address.allow": {
    sentence: "Let a tenant's servers and sinks be at private addresses",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
    two: true,
  },
  "address.revoke": { sentence: "Take an allowance for private addresses back", layers: ["root"], writes: true },
  "role.read": { sentence: "See who is what, by which group, and since when", layers: ["root", "auditor"] },
  "role.change": {
    sentence: "Change which groups stand for which layer",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
    two: true,
  },
  "person.disable": {
    sentence: "Disable a person, end their sessions, let them in again",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
  },
  "scim.change": {
    sentence: "Give the identity provider a token to write people and groups, or take it back",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
  },
  "break_glass.change": {
    sentence: "Make or close an emergency account",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
  },
  "key.rotate": {
    sentence: "Replace the key that signs the audit log's checkpoints",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
    two: true,
  },
  "secret.rotate": {
    sentence: "Replace the key under which stored secrets are kept",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
    two: true,
  },
  "region.change": {
    sentence: "Add a region, give its agent a token or take it back, switch a region off",
    layers: ["root"],
    writes: true,
    fresh: true,
    why: true,
  },
  "prober.release": {
    sentence: "Let a tenant whose checks were slowed down be checked at its own pace again",
    layers: ["root", "operator"],
    writes: true,
  },
  "report.read": { sentence: "Read the weekly reports on roles and reasons", layers: ["root", "auditor"] },
  "impersonation.start": {
    sentence: "Look into a customer's tenant as that customer sees it, for 30 minutes",
    layers: ["root", "operator"],
    writes: true,
    fresh: true,
    why: true,
    notAsAnother: true,
  },
  "impersonation.approve": {
    sentence: "Let another member of the staff change things during a visit",
    layers: ["root", "operator"],
    writes: true,
    fresh: true,
    notAsAnother: true,
  },
  "impersonation.begin": {
    sentence: "Begin, or give up, a visit that one asked a second person for",
    layers: ["root", "operator"],
    writes: true,
    notAsAnother: true,
  },
  "impersonation.revoke": {
    sentence: "End another's visit at once",
    layers: ["root", "operator"],
    writes: true,
    notAsAnother: true,
  },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof PERMISSIONS;
export const ACTIONS = Object.keys(PERMISSIONS) as Action[];
export const ruleOf = (action: Action): Rule => PERMISSIONS[action];

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
  return layers.some((layer) => ruleOf(action).layers.includes(layer));
}
