// A probe that a person watches: each step becomes a line of the request's progress as it ends, and the region's last
// line is its verdict. When every region has spoken the request is done.
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { adviceFor } from "#lib/domain/cause";
import { liveHint } from "#lib/adapters/hint";
import type { Step } from "#lib/domain/transcript";
import { REASONS, type Status } from "#lib/domain/reason";
import { cleanText } from "#lib/domain/text";
import type { Progress } from "#lib/requests";
import type { ProbeResult } from "./result.ts";

export interface Live {
  step(step: Step): void;
  /** Resolves when everything said so far is written. */
  end(result: ProbeResult): Promise<void>;
  /** The last line in words of one's own. */
  say(status: Status, sentence: string): Promise<void>;
}

export function live(db: Db, place: { tenantId: string; requestId: string; region: string; regions: number }): Live {
  // One after the other: the lines are read in the order of the steps.
  let writing = Promise.resolve();
  const write = (line: Progress) => {
    writing = writing.then(() => append(db, place, line)).catch(() => {}); // Showing is a courtesy; the outcome is recorded anyway.
    return writing;
  };
  return {
    step: (step) => void write(lineOf(step, place.region)),
    end: (result) => write(verdictOf(result, place.region)),
    say: (status, sentence) =>
      write({
        ...{ region: place.region, title: "Result", ok: status === "up", ms: 0, detail: "" },
        verdict: { status, reason: null, sentence: cleanText(sentence, 700) },
      }),
  };
}

function lineOf(step: Step, region: string): Progress {
  const status = step.response?.status;
  const ok = step.error === undefined && (status === undefined || status < 400);
  const detail = step.error
    ? [step.error.code, step.error.detail].filter(Boolean).join(": ")
    : status === undefined
      ? ""
      : `HTTP ${status}`;
  return { region, title: step.title, ok: ok || step.aside === true, ms: Math.round(step.durationMs), detail };
}

function verdictOf({ judgement, transcript }: ProbeResult, region: string): Progress {
  const { status, reason, evidence } = judgement;
  const tools =
    transcript.toolCount === null ? "" : `, ${transcript.toolCount} tool${transcript.toolCount === 1 ? "" : "s"}`;
  const sentence =
    reason === null
      ? `Works: ${transcript.serverName ?? "an MCP server"}${tools}.`
      : `${REASONS[reason].label}. ${adviceFor(reason, evidence.cause)}`;
  return {
    region,
    title: "Verdict",
    ok: status === "up",
    ms: Math.round(transcript.timings.totalMs),
    detail: evidence.detail ?? "",
    verdict: { status, reason, sentence },
  };
}

async function append(
  db: Db,
  place: { tenantId: string; requestId: string; regions: number },
  line: Progress,
): Promise<void> {
  const work = db.withTenant({ tenantId: place.tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    await tx.$executeRaw`UPDATE request SET progress = progress || ${JSON.stringify([line])}::jsonb WHERE id = ${place.requestId}::uuid AND state IN ('pending', 'running')`;
    if (line.verdict) {
      await tx.$executeRaw`UPDATE request SET state = 'done', done_at = ${clockNow()}, result = '{}'::jsonb
        WHERE id = ${place.requestId}::uuid AND state = 'running'
          AND jsonb_array_length(jsonb_path_query_array(progress, '$[*] ? (exists(@.verdict))')) >= ${place.regions}`;
    }
    await liveHint(tx, { tenant: place.tenantId, what: "request", id: place.requestId });
  });
  await unlessErased(work, undefined);
}
