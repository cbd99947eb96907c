// Before a region calls a server unreachable it asks whether it reaches anything at all. When it does not, the failure
// is its own: the outcome says so, no server is blamed, and the region has one alert of its own.
import { OPERATORS_CHOICE } from "#lib/adapters/answer";
import { now } from "#lib/adapters/clock";
import { guardedSocket } from "#lib/adapters/http";
import { type Seen, seesNothing } from "#lib/domain/egress";
import { REASONS } from "#lib/domain/reason";
import type { ProbeResult } from "./result.ts";

/** What an answer is good for; a region that fails asks at most so often. */
const GOOD_FOR_MS = 5_000;
/** A result is held back for so long at most. */
const LOOK_MS = 3_000;
const WINDOW_MS = 60_000;
const MOST = 500;

export interface EgressTarget {
  host: string;
  port: number;
  tls: boolean;
}

export interface Egress {
  /** The result as it may be written down: of a region that is offline a failure on the way says nothing of the server. */
  pass(result: ProbeResult): ProbeResult | Promise<ProbeResult>;
  /** Looks whether it is over. Called by the heartbeat. @returns since when nothing was reached; null when all is well */
  beat(): Promise<Date | null>;
}

export type Reach = (target: EgressTarget) => Promise<boolean>;

/** @param targets any one of them is enough; none: nothing is ever asked. @param ca for a TLS target of one's own */
export function egress(
  targets: readonly EgressTarget[],
  options: { ca?: string | undefined; reach?: Reach } = {},
): Egress {
  const reach = options.reach ?? reacher(options.ca);
  const seen: Seen[] = [];
  let looked: { at: number; well: Promise<boolean> } | null = null;
  let everWell = false;
  let unwellSince: Date | null = null;
  let offlineSince: Date | null = null;

  const look = (): Promise<boolean> => {
    const at = now().getTime();
    if (looked === null || at - looked.at >= GOOD_FOR_MS || at < looked.at)
      looked = { at, well: anyOf(targets, reach).then(judgeLook) };
    return looked.well;
  };
  const judgeLook = (well: boolean): boolean => {
    if (well) [everWell, unwellSince, offlineSince] = [true, null, null];
    else unwellSince ??= now();
    return well;
  };
  const note = (result: ProbeResult, failed: boolean) => {
    const at = now().getTime();
    seen.push({ at, serverId: result.serverId, host: failed ? hostOf(result.transcript.url) : "", failed });
    while (seen.length > MOST || (seen[0] !== undefined && at - seen[0].at > WINDOW_MS)) seen.shift();
  };

  const sinceUnwell = () => seen.filter((s) => s.at >= (unwellSince?.getTime() ?? 0) - GOOD_FOR_MS);

  return {
    pass(result) {
      if (targets.length === 0) return result;
      const failed = onTheWay(result);
      if (!failed && unheard(result)) return result;
      note(result, failed);
      if (!failed) {
        // Servers answer again: the line stands, whatever became of what should always be there.
        if (offlineSince !== null && !seesNothing(sinceUnwell(), true)) [unwellSince, offlineSince] = [null, null];
        return result;
      }
      return look().then((well) => {
        if (well) return result;
        // Where the targets were never reached they may be the wrong ones: then only everything failing counts.
        if (!seesNothing(everWell ? sinceUnwell() : seen, everWell)) return result;
        offlineSince ??= unwellSince ?? now();
        return ours(result);
      });
    },
    async beat() {
      const rested = looked === null || now().getTime() - looked.at >= WINDOW_MS;
      if (targets.length > 0 && (offlineSince !== null || (!everWell && rested))) await look();
      return offlineSince;
    },
  };
}

const onTheWay = ({ judgement: { reason, status } }: ProbeResult): boolean =>
  reason !== null && status === "down" && REASONS[reason].layer === "transport";

/** Nobody was asked, or nobody answered for a reason of ours: that is no sign that the line stands. */
const unheard = ({ judgement, transcript }: ProbeResult): boolean =>
  judgement.status === "unknown" && !transcript.steps.some((s) => s.response !== undefined);

function ours(result: ProbeResult): ProbeResult {
  return {
    ...result,
    judgement: {
      status: "unknown",
      auth: "unknown",
      reason: "prober_fault",
      phase: result.judgement.phase,
      evidence: { cause: "region_offline", detail: "This region reached nothing at all, so it cannot say." },
      tools: null,
    },
  };
}

async function anyOf(targets: readonly EgressTarget[], reach: Reach): Promise<boolean> {
  const looks = targets.map((t) => reach(t).then((well) => (well ? true : Promise.reject(new Error("not reached")))));
  return Promise.any(looks).catch(() => false);
}

const reacher =
  (ca: string | undefined): Reach =>
  async (target) => {
    try {
      const socket = await guardedSocket(OPERATORS_CHOICE, { ...target, timeoutMs: LOOK_MS, ...(ca && { ca }) });
      socket.destroy();
      return true;
    } catch {
      return false;
    }
  };

const hostOf = (url: string): string => URL.parse(url)?.hostname ?? url;
