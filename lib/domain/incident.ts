// A run of bad verdicts of one subject with one fingerprint: open -> acknowledged -> resolved.
import type { NoticeKind } from "./notice.ts";

export const INCIDENT_STATES = ["open", "acknowledged", "resolved"] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];
/**
 * server: what is watched. tenant: all of its checks at once. alert: what another monitor says. storm: many incidents of
 * one tenant with one cause. cluster: the same over many tenants. sink: a place that can no longer be told. outbox: notices
 * that do not leave. The others are the installation's own: its parts, its log, and who came in by the emergency door.
 */
export const SUBJECT_KINDS = [
  "server",
  "tenant",
  "alert",
  "storm",
  "cluster",
  "sink",
  "outbox",
  "region",
  "worker",
  "queue",
  "audit",
  "access",
] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

const WANTED: Record<NoticeKind, readonly IncidentState[]> = {
  trigger: ["open"],
  update: ["open"],
  acknowledge: ["acknowledged"],
  resolve: ["resolved"],
  test: INCIDENT_STATES,
  visit: INCIDENT_STATES,
  digest: INCIDENT_STATES,
  challenge: INCIDENT_STATES,
  reminder: INCIDENT_STATES,
};

/** Asked again just before sending: after an acknowledge has committed, no further page goes out. */
export function stillWanted(kind: NoticeKind, state: IncidentState): { send: boolean; reason: string } {
  if (WANTED[kind].includes(state)) return { send: true, reason: `The incident is ${state}.` };
  if (kind === "resolve")
    return { send: false, reason: "The incident is not resolved any more, so no all-clear goes out." };
  if (state === "acknowledged")
    return { send: false, reason: "Somebody acknowledged the incident before this was sent." };
  if (kind === "acknowledge" && state === "open")
    return { send: false, reason: "The incident is open again, so nobody has it in hand." };
  return { send: false, reason: "The incident was resolved before this was sent." };
}

/** A trigger of this incident as it stands at one sink. */
export interface TriggerAtSink {
  sinkId: string;
  state: string;
  mayHaveArrived: boolean;
}

/** The sink shows the incident, or may show it: then it must also hear of its end. */
export function mayShow(trigger: TriggerAtSink): boolean {
  return trigger.state === "sent" || trigger.state === "leased" || trigger.mayHaveArrived;
}

/** A sink is told of an incident once; a dead trigger is redriven, not repeated. */
export function alreadyTold(trigger: TriggerAtSink): boolean {
  return trigger.state !== "withheld" || trigger.mayHaveArrived;
}
