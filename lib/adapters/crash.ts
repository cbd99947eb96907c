// Named points of the road at which a test may kill the process, to show that nothing is lost there. Refused in
// production by env.ts.
import { env } from "./env.ts";

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

let armed: string | undefined | null = null;

export function crashPoint(point: CrashPoint): void {
  if (armed === null) armed = env().TOCSIN_CRASH_AT;
  if (armed === point) process.kill(process.pid, "SIGKILL");
}
