// What a prober process says of one server, and how it becomes the region's outcome.
import { type Judgement, judge } from "#lib/checks/index";
import type { CredentialWalk, ExtraResult, Outcome } from "#lib/domain/outcome";
import { type StoredTranscript, storeTranscript, type Step, type Transcript, WIRE_CODES } from "#lib/domain/transcript";
import { withExtras } from "#lib/domain/extra-check/merge";
import type { Look } from "#lib/domain/wall";
import { heldBeside } from "./extras/held.ts";
import type { HeldSession } from "./extras/looking.ts";

export interface ProbeResult {
  serverId: string;
  judgement: Judgement;
  /** Cut to 8 KB, without tools and messages. */
  transcript: StoredTranscript;
  /** Extra checks that were looked at in this probe. */
  extras?: ExtraResult[];
  /** Sessions that this look left open, by check: secrets, sealed before they rest anywhere. */
  held?: Record<string, HeldSession | null>;
  credential?: CredentialWalk;
  /** What was found at the wall, where a look was due. */
  look?: Look;
  /** The list as it is kept (KeptTool), only where its full hash is none that the target named as known: for the diff. */
  tools?: unknown[];
}

/** Judged where it was heard: a list that breaks the judging breaks a prober, which can be spared. */
export function resultOf(serverId: string, transcript: Transcript, routine = false): ProbeResult {
  const held = heldBeside(transcript);
  return {
    serverId,
    ...(held !== undefined && { held }),
    ...judged(transcript, routine),
    ...(transcript.extras && { extras: transcript.extras }),
    ...(transcript.credential && { credential: transcript.credential }),
  };
}

function judged(transcript: Transcript, routine: boolean): Pick<ProbeResult, "judgement" | "transcript"> {
  const judgement = judge(transcript);
  const brief = routine && judgement.status === "up" && judgement.reason === null;
  return { judgement, transcript: storeTranscript(brief ? { ...transcript, steps: [] } : transcript) };
}

export interface OutcomePlace {
  tenantId: string;
  region: string;
  slot: number;
  cold: boolean;
  finishedAt: number;
}

export function outcomeOf(result: ProbeResult, at: OutcomePlace): Outcome {
  const { transcript: t, judgement } = result;
  return {
    ...at,
    serverId: result.serverId,
    ...withExtras(judgement, result.extras ?? []),
    era: t.era,
    protocolVersion: t.protocolVersion,
    serverName: t.serverName,
    timings: t.timings,
    ...(result.extras && { extras: result.extras }),
    ...(result.credential && { credential: result.credential }),
  };
}

export type Stopped = "wall" | "stalled" | "memory" | "crash";

/**
 * A server that was alone in its prober when the prober had to be stopped. Time is the server's: it kept a client
 * busy past every bound. So is size. A crash is ours, because no answer may be able to cause one.
 */
export function stoppedResult(
  serverId: string,
  url: string,
  stopped: Stopped,
  steps: Step[],
  totalMs: number,
): ProbeResult {
  const code = stopped === "memory" ? WIRE_CODES.tooLarge : stopped === "crash" ? WIRE_CODES.fault : WIRE_CODES.timeout;
  const last: Step = {
    phase: steps.at(-1)?.phase ?? "probe",
    title: "The prober was stopped",
    startMs: 0,
    durationMs: totalMs,
    error: { code, detail: DETAIL[stopped] },
  };
  return endedBy(serverId, url, [...steps.slice(0, 190), last], totalMs);
}

/** A server that could not be asked for a reason of ours, in the operator's words. */
export function faultResult(serverId: string, url: string, detail: string): ProbeResult {
  return endedBy(
    serverId,
    url,
    [
      {
        phase: "probe",
        title: "Prepare the probe",
        startMs: 0,
        durationMs: 0,
        error: { code: WIRE_CODES.fault, detail },
      },
    ],
    0,
  );
}

function endedBy(serverId: string, url: string, steps: Step[], totalMs: number): ProbeResult {
  const transcript: Transcript = {
    url,
    steps,
    timings: { totalMs },
    era: null,
    protocolVersion: null,
    serverName: null,
    capabilities: null,
    tools: null,
    toolsTruncated: false,
    credentialUsed: false,
    certificate: null,
    paginationLoop: false,
  };
  return resultOf(serverId, transcript);
}

const DETAIL: Record<Stopped, string> = {
  wall: "The whole probe took more than 50 s and was stopped from outside.",
  stalled: "Reading the answer kept the prober busy for more than 10 s; it was stopped from outside.",
  memory: "Reading the answer took more memory than a prober has; it was stopped from outside.",
  crash: "The prober ended in the middle of the probe.",
};
