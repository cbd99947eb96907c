// Named points of the road at which a test may kill the process, to show that nothing is lost there. Refused in
// production by env.ts (TOCSIN_CRASH_AT).
export const CRASH_POINTS = [
  "after_record",
  "after_seal",
  "before_incident_tx",
  "inside_incident_tx",
  "after_incident_commit",
  "after_stream_ack",
  "before_claim",
  "after_claim",
  "before_request",
  "after_request",
  "inside_settle_tx",
  "after_settle",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

let armed: string | undefined;

/** Called once by a process that is to die at a point; without it every point is passed. */
export function armCrashPoint(point: string | undefined): void {
  armed = point;
}

export function crashPoint(point: CrashPoint): void {
  if (armed === point) process.kill(process.pid, "SIGKILL");
}
