// One claimed delivery on its way: render → send → judge, once per request the sink wants, then settle. No
// transaction is open while a vendor is waited for.
import { withAct } from "#lib/adapters/act";
import { crashPoint } from "#lib/adapters/crash";
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import type { AddressPolicy } from "#lib/adapters/http";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { Judgement, SinkMemory } from "#lib/domain/delivery";
import { TocsinError } from "#lib/domain/error";
import { secretsFor } from "#lib/domain/proof";
import { isOutage } from "#lib/adapters/outage";
import { sinkOf } from "#lib/sinks/index";
import { spoken } from "#lib/sinks/spoken";
import type { RenderContext, Sink, SinkAnswer, SinkBases, SinkRequest } from "#lib/sinks/sink";
import { type Claimed, LEASE_MS } from "./claim.ts";
import { progress, Settler, type TryResult } from "./settle.ts";

export interface Dispatch {
  db: Db;
  box: SecretBox;
  bases: SinkBases;
  send(
    request: SinkRequest,
    options: { policy: AddressPolicy; timeoutMs: number; signal?: AbortSignal },
  ): Promise<SinkAnswer>;
  random(): number;
}

/** Below the lease, so that a request cannot outlive the claim it was made under. */
export const REQUEST_TIMEOUT_MS = 15_000;
const MAX_REQUESTS = 5;
/** With less of the lease left than one request and its settling may take, it is renewed first. */
const RENEW_AFTER_MS = LEASE_MS - REQUEST_TIMEOUT_MS - 5_000;
const INSIST_MS = 60_000;

export interface Dispatched {
  /** null: another process has taken the delivery over, so nothing was written. */
  judgement: Judgement | null;
  /** How many the sink was sent. */
  requests: number;
  /** What our own code threw, for the log. */
  fault?: unknown;
}

/**
 * @param settler shared, so that tries which end at about the same time are written down together
 * @param onSent the sink has taken it, and it is about to be written down
 */
export async function dispatch(
  d: Dispatch,
  claimed: Claimed,
  settler = new Settler(d.db),
  onSent = () => {},
): Promise<Dispatched> {
  const startedAt = clockNow();
  const t0 = monotonicMs();
  let requests = 0;
  const send: Dispatch["send"] = (...given) => {
    requests++;
    return d.send(...given);
  };
  const { judgement, status, fault } = await converse({ ...d, send }, claimed);
  if (judgement === null) return { judgement, requests };
  if (judgement.verdict === "sent") onSent();
  const result: TryResult = { judgement, status, startedAt, durationMs: monotonicMs() - t0 };
  await insist(() => settler.settle(claimed, result, clockNow(), d.random()));
  return { judgement, requests, fault };
}

/** The vendor has answered: with the database away for a moment, that answer is worth waiting with. The token fences. */
async function insist<T>(write: () => Promise<T>): Promise<T> {
  const t0 = monotonicMs();
  for (let pause = 50; ; pause = Math.min(2 * pause, 2_000)) {
    try {
      return await write();
    } catch (err) {
      if (!isOutage(err) || monotonicMs() - t0 > INSIST_MS) throw err;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

type Conversation = { judgement: Judgement | null; status: number | null; fault?: unknown };

async function converse(d: Dispatch, claimed: Claimed): Promise<Conversation> {
  const prepared = await prepare(d, claimed);
  if ("verdict" in prepared) return { judgement: prepared, status: null };
  const { sink, config } = prepared;
  let memory: SinkMemory = claimed.memory;
  let gained: SinkMemory = {};
  let leasedMs = claimed.leasedMs;
  const keep = async (): Promise<boolean> => {
    const at = monotonicMs();
    const ours = await insist(() => progress(d.db, claimed, gained, clockNow()));
    leasedMs = at;
    return ours;
  };
  for (let n = 0; n < MAX_REQUESTS; n++) {
    const context: RenderContext<unknown> = {
      notice: withAct(claimed.notice, claimed.sink.id),
      deliveryId: claimed.id,
      config,
      bases: d.bases,
      memory,
      mayRepeat: claimed.mayHaveArrived,
      now: clockNow(),
    };
    if (monotonicMs() - leasedMs > RENEW_AFTER_MS && !(await keep())) return { judgement: null, status: null };
    const one = await exchange(d, sink, context, claimed);
    if (one === null) return { judgement: { verdict: "sent", memory: gained }, status: null };
    const { judgement, status, fault, more } = one;
    if (judgement.verdict !== "sent") return { judgement, status, fault };
    gained = { ...gained, ...judgement.memory };
    memory = { ...memory, ...judgement.memory };
    // Most sinks need one request: then the settling transaction keeps the memory and this one is spared.
    if (!more) return { judgement: { verdict: "sent", memory: gained }, status };
    if (!(await keep())) return { judgement: null, status };
  }
  return {
    judgement: {
      verdict: "dead",
      reason: `The sink asked for more than ${MAX_REQUESTS} requests.`,
      disablesSink: false,
    },
    status: null,
  };
}

/** One request and its answer. A fault of our own is a failed try like any other, so that it ends after its day. */
async function exchange(
  d: Dispatch,
  sink: Sink,
  frozen: RenderContext<unknown>,
  { policy, sink: { config } }: Pick<Claimed, "policy" | "sink">,
): Promise<{ judgement: Judgement; status: number | null; more: boolean; fault?: unknown } | null> {
  let went = false;
  try {
    const context = { ...frozen, notice: spoken(frozen.notice, config) };
    const request = sink.next(context);
    if (request === null) return null;
    crashPoint("before_request");
    went = true;
    const answer = await d.send(request, { policy, timeoutMs: REQUEST_TIMEOUT_MS });
    crashPoint("after_request");
    const judgement = sink.judge(context, request, answer);
    const more =
      judgement.verdict === "sent" &&
      sink.next({ ...context, memory: { ...context.memory, ...judgement.memory } }) !== null;
    return { judgement, status: answer.kind === "response" ? answer.status : null, more };
  } catch (fault) {
    return {
      judgement: {
        verdict: "retry",
        reason: "The notice could not be put into words for this sink: an operator finds why in the worker's log.",
        maybe: went,
        ours: true,
      },
      status: null,
      more: false,
      fault,
    };
  }
}

/** A sink whose stored form no longer parses is not retried for a day: somebody must look at it. */
export async function prepare(
  d: Pick<Dispatch, "db" | "box">,
  claimed: Pick<Claimed, "tenantId" | "sink"> & { notice: Pick<Claimed["notice"], "kind"> },
): Promise<{ sink: Sink; config: unknown } | Judgement> {
  const sink = sinkOf(claimed.sink.kind);
  if (!sink)
    return {
      verdict: "dead",
      reason: `No sink of kind ${claimed.sink.kind} exists in this version.`,
      disablesSink: true,
    };
  try {
    const hidden = claimed.sink.sealed
      ? JSON.parse(await d.box.open(d.db, places.sink(claimed.tenantId, claimed.sink.id), claimed.sink.sealed))
      : {};
    // A title that this version cannot make is no reason to tell nobody: spoken() falls back to ours.
    const { titleTemplate: _title, ...form } = claimed.sink.config;
    const parsed = sink.config.safeParse({ ...form, ...secretsFor(hidden, claimed.notice.kind) });
    if (parsed.success) return { sink, config: parsed.data };
    return {
      verdict: "dead",
      reason: "The sink's settings are no longer valid: open it and save it again.",
      disablesSink: true,
    };
  } catch (error) {
    // The database or the key service is away for a moment: the secret is as good as it was.
    if (isOutage(error) || (error instanceof TocsinError && error.code === "E_UNAVAILABLE"))
      return { verdict: "retry", reason: "The sink's secret could not be opened just now.", maybe: false, ours: true };
    return { verdict: "dead", reason: "The sink's secret could not be opened: enter it again.", disablesSink: true };
  }
}
