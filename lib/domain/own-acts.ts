// What everybody who is signed in may do to their own session and their own view of the console, whatever their layer,
// the auditor included: it changes nothing that anybody else sees, so it is no row of the table of permissions. Never
// while looking into a tenant as somebody else.
export const OWN_ACTS = {
  "session.choose_tenant": "Look at another of one's own tenants",
  "session.end": "Sign out, end one's own sessions",
  "view.save": "Keep a filtered log under a name of one's own",
  "view.remove": "Take such a name off one's own list",
} as const;

export type OwnAct = keyof typeof OWN_ACTS;
