// One claimed delivery on its way: render → send → judge, once per request the sink wants, then settle. No
// transaction is open while a vendor is waited for.
import { crashPoint } from "#lib/adapters/crash";
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import type { AddressPolicy } from "#lib/adapters/http";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { Judgement, SinkMemory } from "#lib/domain/delivery";
import { sinkOf } from "#lib/sinks/index";
import type { RenderContext, Sink, SinkAnswer, SinkBases, SinkRequest } from "#lib/sinks/sink";
import type { Claimed } from "./claim.ts";
import { progress, settle, type TryResult } from "./settle.ts";

export interface Dispatch {
  db: Db;
  box: SecretBox;
  bases: SinkBases;
  send(request: SinkRequest, options: { policy: AddressPolicy; timeoutMs: number; signal?: AbortSignal }): Promise<SinkAnswer>;
  random(): number;
}

/** Below the lease, so that a request cannot outlive the claim it was made under. */
export const REQUEST_TIMEOUT_MS = 15_000;
const MAX_REQUESTS = 5;

export async function dispatch(d: Dispatch, claimed: Claimed): Promise<void> {
  const startedAt = clockNow();
  const t0 = monotonicMs();
  const { judgement, status } = await converse(d, claimed);
  const result: TryResult = { judgement, status, startedAt, durationMs: monotonicMs() - t0 };
  await settle(d.db, claimed, result, clockNow(), d.random());
}

async function converse(d: Dispatch, claimed: Claimed): Promise<{ judgement: Judgement; status: number | null }> {
  const prepared = prepare(d, claimed);
  if ("verdict" in prepared) return { judgement: prepared, status: null };
  const { sink, config } = prepared;
  let memory: SinkMemory = claimed.memory;
  let gained: SinkMemory = {};
  for (let n = 0; n < MAX_REQUESTS; n++) {
    const context: RenderContext<unknown> = {
      notice: claimed.notice,
      deliveryId: claimed.id,
      config,
      bases: d.bases,
      memory,
      mayRepeat: claimed.mayHaveArrived,
      now: clockNow(),
    };
    const request = sink.next(context);
    if (request === null) return { judgement: { verdict: "sent", memory: gained }, status: null };
    crashPoint("before_request");
    const answer = await d.send(request, { policy: claimed.policy, timeoutMs: REQUEST_TIMEOUT_MS });
    crashPoint("after_request");
    const status = answer.kind === "response" ? answer.status : null;
    const judgement = sink.judge(context, request, answer);
    if (judgement.verdict !== "sent") return { judgement, status };
    gained = { ...gained, ...judgement.memory };
    memory = { ...memory, ...judgement.memory };
    // Most sinks need one request: then the settling transaction keeps the memory and this one is spared.
    if (sink.next({ ...context, memory }) === null) return { judgement: { verdict: "sent", memory: gained }, status };
    if (!(await progress(d.db, claimed, gained, clockNow()))) {
      return { judgement: { verdict: "retry", reason: "Another process took this delivery over.", maybe: true }, status };
    }
  }
  return { judgement: { verdict: "dead", reason: `The sink asked for more than ${MAX_REQUESTS} requests.`, disablesSink: false }, status: null };
}

/** A sink whose stored form no longer parses is not retried for a day: somebody must look at it. */
function prepare(d: Dispatch, claimed: Claimed): { sink: Sink; config: unknown } | Judgement {
  const sink = sinkOf(claimed.sink.kind);
  if (!sink) return { verdict: "dead", reason: `No sink of kind ${claimed.sink.kind} exists in this version.`, disablesSink: true };
  try {
    const hidden = claimed.sink.sealed ? JSON.parse(d.box.open(places.sink(claimed.tenantId, claimed.sink.id), claimed.sink.sealed)) : {};
    const parsed = sink.config.safeParse({ ...claimed.sink.config, ...hidden });
    if (parsed.success) return { sink, config: parsed.data };
    return { verdict: "dead", reason: "The sink's settings are no longer valid: open it and save it again.", disablesSink: true };
  } catch {
    return { verdict: "dead", reason: "The sink's secret could not be opened: enter it again.", disablesSink: true };
  }
}
