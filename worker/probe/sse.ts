// HTTP+SSE (2024-11-05): one GET stays open, its first event names where to POST, and all answers come on the stream.
import { createParser } from "eventsource-parser";
import { type AddressPolicy, assertUrlAllowed } from "#lib/adapters/http";
import { type Step, WIRE_CODES } from "#lib/domain/transcript";
import { bodyKind, carriesMessage, MAX_BODY_BYTES, parseMessage } from "./answer.ts";
import { type AfterList, declaresTools, type Found, listTools, resultOf, speaker } from "./found.ts";
import { initializeCall, takeInitialize } from "./legacy.ts";
import { shownUrl } from "./shown.ts";
import { failureOf } from "./wire-words.ts";
import { type Call, type Exchange, STEP_BOUND_MS, type Wire } from "./wire.ts";

/** A server that spoke so last time names its endpoint at once; after this it is asked whether it speaks otherwise now. */
const CACHED_BOUND_MS = 3_000;

/**
 * @param cached spoken here last time: without an endpoint the era is found anew
 * @returns "absent" with the unkept GET when there is no event stream here; null when the talk is over and kept
 */
export async function sse(
  wire: Wire,
  found: Found,
  policy: AddressPolicy,
  after?: AfterList,
  cached = false,
): Promise<Exchange | null> {
  const close = new AbortController();
  try {
    const { exchange, stream } = await openStream(wire, policy, close, cached ? CACHED_BOUND_MS : STEP_BOUND_MS);
    if (stream === null && (cached || exchange.kind !== "sse")) return exchange;
    wire.keep(exchange);
    if (stream !== null) await talk(wire, found, stream, after);
    return null;
  } finally {
    close.abort();
  }
}

async function talk(wire: Wire, found: Found, stream: Stream, after: AfterList | undefined): Promise<void> {
  const first = await ask(wire, stream, initializeCall("init-1"));
  wire.keep(first);
  if (resultOf(first)) found.era = "sse";
  if (takeInitialize(found, first) === null) return;
  const note = await wire.send({
    phase: "initialized",
    title: "POST notifications/initialized",
    method: "POST",
    url: stream.endpoint,
    body: { jsonrpc: "2.0", method: "notifications/initialized" },
    answerElsewhere: true,
  });
  wire.keep(note);
  if (note.status === null || note.status >= 300) return;
  const failed = await listTools(wire, found, (params, page) =>
    ask(wire, stream, {
      phase: "list",
      title: page === 1 ? "POST tools/list" : `POST tools/list, page ${page}`,
      method: "POST",
      body: { jsonrpc: "2.0", id: `list-${page}`, method: "tools/list", params },
    }),
  );
  if (failed) wire.keep(failed, { aside: !declaresTools(found) && failed.message !== null });
  if (found.tools !== null)
    await after?.(
      speaker(wire, (body, { name: _name, ...how }) => ask(wire, stream, { ...how, method: "POST", body })),
      wire,
      found,
    );
}

interface Stream {
  endpoint: URL;
  /** The message with this id, or the code of why none came. */
  answer(id: string, boundMs: number): Promise<Record<string, unknown> | string>;
}

/** POSTs and waits on the stream; the step is both together. */
async function ask(wire: Wire, stream: Stream, call: Call & { body: { id: string } }): Promise<Exchange> {
  const startMs = wire.elapsedMs();
  const waiting = stream.answer(call.body.id, call.boundMs ?? STEP_BOUND_MS);
  const exchange = await wire.send({ ...call, url: stream.endpoint, answerElsewhere: true });
  if (exchange.step.error || exchange.status === null || exchange.status >= 300) return exchange;
  const answer = await waiting;
  exchange.step.durationMs = Math.max(exchange.step.durationMs, wire.elapsedMs() - startMs);
  if (typeof answer === "string") exchange.step.error = { code: answer, detail: "" };
  else wire.answered(exchange, answer);
  return exchange;
}

async function openStream(
  wire: Wire,
  policy: AddressPolicy,
  close: AbortController,
  boundMs: number,
): Promise<{ exchange: Exchange; stream: Stream | null }> {
  const step: Step = { phase: "initialize", title: "GET the event stream", startMs: wire.elapsedMs(), durationMs: 0 };
  const exchange: Exchange = { step, status: null, kind: "none", message: null, sessionId: null };
  const headers = { accept: "text/event-stream", "cache-control": "no-store" };
  step.request = { method: "GET", url: wire.scrub(shownUrl(wire.url), 2048), headers };
  const bound = AbortSignal.timeout(boundMs);
  const opening = new AbortController();
  const giveUp = () => opening.abort();
  bound.addEventListener("abort", giveUp);
  close.signal.addEventListener("abort", giveUp);
  let stream: Stream | null = null;
  try {
    const answer = await wire.open(wire.url, headers, opening.signal);
    const type = String(answer.headers["content-type"] ?? "");
    exchange.status = answer.statusCode;
    exchange.kind = bodyKind(type);
    step.response = {
      status: answer.statusCode,
      contentType: wire.scrub(type, 120),
      headers: {},
      bytes: 0,
      bodyHead: "",
    };
    if (answer.statusCode === 200 && exchange.kind === "sse")
      stream = await readEndpoint(answer.body, wire.url, policy, bound);
    else answer.body.destroy();
    if (stream === null && exchange.kind === "sse") step.error = { code: WIRE_CODES.noEndpoint, detail: "" };
  } catch (err) {
    step.error = failureOf(err, bound.aborted, (text, max) => wire.scrub(text, max));
  } finally {
    bound.removeEventListener("abort", giveUp);
  }
  step.durationMs = wire.elapsedMs() - step.startMs;
  wire.timings.firstRequestMs ??= step.durationMs;
  return { exchange, stream };
}

/** Waits for the endpoint and leaves a reader running that hands each answer to whoever waits for it. */
function readEndpoint(
  body: AsyncIterable<Buffer>,
  base: URL,
  policy: AddressPolicy,
  bound: AbortSignal,
): Promise<Stream | null> {
  const waiting = new Map<string, (answer: Record<string, unknown> | string) => void>();
  let ended: string | null = null;
  return new Promise((resolve, reject) => {
    const late = () => reject(Object.assign(new Error("no endpoint in time"), { code: WIRE_CODES.timeout }));
    bound.addEventListener("abort", late, { once: true });
    const end = (code: string) => {
      ended ??= code;
      for (const done of waiting.values()) done(ended);
      if (code === WIRE_CODES.timeout) late();
      else resolve(null);
    };
    const hand = (text: string) => {
      for (const [id, done] of waiting) {
        const { message, errorCode } = parseMessage(text, id);
        if (message) done(message);
        else if (errorCode !== undefined && errorCode !== WIRE_CODES.notOurs) done(errorCode);
      }
    };
    const answer: Stream["answer"] = (id, boundMs) =>
      new Promise((answered) => {
        if (ended !== null) return answered(ended);
        const timer = setTimeout(() => done(WIRE_CODES.timeout), boundMs);
        const done = (value: Record<string, unknown> | string) => {
          clearTimeout(timer);
          waiting.delete(id);
          answered(value);
        };
        waiting.set(id, done);
      });
    const parser = createParser({
      maxBufferSize: MAX_BODY_BYTES,
      onEvent: ({ event, data }) => {
        if (event !== "endpoint") return carriesMessage(event) && data.trim() !== "" ? hand(data) : undefined;
        // Another origin would be handed our credential, or be an address that nobody checked.
        const endpoint = URL.parse(data.trim(), base);
        resolve(
          endpoint !== null && endpoint.origin === base.origin
            ? { endpoint: assertUrlAllowed(endpoint, policy), answer }
            : null,
        );
      },
      onError: (err) => {
        if (err.type === "max-buffer-size-exceeded") end(WIRE_CODES.tooLarge);
      },
    });
    void consume(
      body,
      (text) => parser.feed(text),
      () => ended !== null,
    ).then(end, (err) =>
      end(["AbortError", "TimeoutError"].includes(err?.name) ? WIRE_CODES.timeout : "UND_ERR_SOCKET"),
    );
  });
}

async function consume(
  body: AsyncIterable<Buffer>,
  feed: (text: string) => void,
  over: () => boolean,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: false });
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > 2 * MAX_BODY_BYTES) return WIRE_CODES.tooLarge;
    feed(decoder.decode(chunk, { stream: true }));
    if (over()) break;
  }
  return WIRE_CODES.noAnswer;
}
