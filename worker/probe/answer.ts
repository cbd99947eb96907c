// One HTTP answer read to what matters: the message with our id, or why there is none. Everything is bounded: decoded
// bytes, JSON depth, time without a byte. The stream is left as soon as our answer is there.
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { createParser } from "eventsource-parser";
import { excess, JSON_MAX_DEPTH, JSON_MAX_NODES, JSON_MAX_SMALL } from "#lib/domain/canonical-json";
import { isRecord } from "#lib/domain/surface";
import { WIRE_CODES } from "#lib/domain/transcript";

/** Decoded bytes per answer; real tool lists are 4 to 80 KB. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
const HEAD_CHARS = 2_000;
/** A stream that ends by itself right after its answer leaves the connection usable; one that stays open is cut. */
const LINGER_MS = 15;

export interface Answer {
  bytes: number;
  /** The first characters of the body; raw, the caller cleans them. */
  head: string;
  message?: Record<string, unknown>;
  errorCode?: string;
}

export type BodyKind = "json" | "sse" | "other" | "none";

export function bodyKind(contentType: string): BodyKind {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "") return "none";
  if (type === "text/event-stream") return "sse";
  return type === "application/json" || /^application\/[\w.-]+\+json$/.test(type) ? "json" : "other";
}

/**
 * @param id our request's id; null when none is expected (notifications, DELETE). Wire failures are thrown.
 * @param answered called when our message is there, which may be a moment before the stream ends
 */
export async function readAnswer(
  body: Readable,
  kind: BodyKind,
  encoding: string,
  id: string | null,
  answered: () => void = () => {},
): Promise<Answer> {
  // A stream in answer to nothing may stay open for ever: there is nothing in it for us.
  if (id === null && kind === "sse") {
    body.destroy();
    return { bytes: 0, head: "" };
  }
  const decoded = decode(body, encoding);
  if (decoded === null) return { bytes: 0, head: "", errorCode: WIRE_CODES.encoding };
  try {
    return kind === "sse" ? await readSse(decoded, id as string, answered) : await readWhole(decoded, kind, id);
  } finally {
    decoded.destroy();
    body.destroy();
  }
}

async function readWhole(body: Readable, kind: BodyKind, id: string | null): Promise<Answer> {
  const decoder = new TextDecoder("utf-8", { fatal: false });
  let bytes = 0;
  let text = "";
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return { bytes, head: text.slice(0, HEAD_CHARS), errorCode: WIRE_CODES.tooLarge };
    text += decoder.decode(chunk, { stream: true });
    // What is no MCP is read for its first words only.
    if (kind === "other" && text.length > HEAD_CHARS) break;
  }
  const head = text.slice(0, HEAD_CHARS);
  if (id === null || kind === "other") return { bytes, head };
  if (text.trim() === "") return { bytes, head, errorCode: WIRE_CODES.noAnswer };
  return { bytes, head, ...parseMessage(text, id) };
}

/** Clients read unnamed events and those named so; a keep-alive under another name is nothing to them. */
export const carriesMessage = (event: string | undefined): boolean =>
  event === undefined || event === "" || event === "message";

async function readSse(body: Readable, id: string, answered: () => void): Promise<Answer> {
  const decoder = new TextDecoder("utf-8", { fatal: false });
  const found: Pick<Answer, "message" | "errorCode"> = {};
  let bytes = 0;
  let head = "";
  const parser = createParser({
    maxBufferSize: MAX_BODY_BYTES,
    onEvent: ({ event, data }) => {
      if (found.message || found.errorCode || !carriesMessage(event)) return;
      if (data.trim() === "") return; // a priming event has no data
      const parsed = parseMessage(data, id);
      if (parsed.message) found.message = parsed.message;
      else if (parsed.errorCode !== WIRE_CODES.notOurs) found.errorCode = parsed.errorCode ?? WIRE_CODES.notJson;
    },
    onError: (err) => {
      if (err.type === "max-buffer-size-exceeded") found.errorCode ??= WIRE_CODES.tooLarge;
    },
  });
  let lingering: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (lingering) continue;
      bytes += chunk.length;
      const text = decoder.decode(chunk, { stream: true });
      if (head.length < HEAD_CHARS) head += text.slice(0, HEAD_CHARS - head.length);
      parser.feed(text);
      if (found.errorCode) break;
      if (found.message) {
        answered();
        lingering = setTimeout(() => body.destroy(), LINGER_MS);
      } else if (bytes > MAX_BODY_BYTES) return { bytes, head, errorCode: WIRE_CODES.tooLarge };
    }
  } catch (err) {
    if (!found.message) throw err;
  } finally {
    clearTimeout(lingering);
  }
  return { bytes, head, ...(found.message || found.errorCode ? found : { errorCode: WIRE_CODES.noAnswer }) };
}

/** The response to our id in a message or (2025-03-26) a batch; other traffic is "not ours". */
export function parseMessage(text: string, id: string): Pick<Answer, "message" | "errorCode"> {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch {
    return { errorCode: WIRE_CODES.notJson };
  }
  const list = isRecord(value) && isRecord(value.result) && Array.isArray(value.result.tools);
  const much = excess(value, JSON_MAX_DEPTH, list || Array.isArray(value) ? JSON_MAX_NODES : JSON_MAX_SMALL);
  if (much !== null) return { errorCode: much === "depth" ? WIRE_CODES.tooDeep : WIRE_CODES.tooLarge };
  const candidates = (Array.isArray(value) ? value : [value]).filter(isRecord);
  const ours = candidates.find((m) => m.id === id && !("method" in m));
  // A server that could not read our request answers with id null: its error is still the answer.
  const unaddressed = candidates.find((m) => (m.id === null || m.id === undefined) && isRecord(m.error));
  const message = ours ?? unaddressed;
  return message ? { message } : { errorCode: WIRE_CODES.notOurs };
}

/** Null when the codings are more than two or unknown: nobody sends that in good faith. */
function decode(body: Readable, encoding: string): Readable | null {
  const codings = encoding
    .split(",")
    .map((c) => c.trim().toLowerCase())
    .filter((c) => c !== "" && c !== "identity");
  if (codings.length > 2) return null;
  let stream = body;
  for (const coding of codings.reverse()) {
    const flush = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
    const next =
      coding === "gzip" || coding === "x-gzip"
        ? createGunzip(flush)
        : coding === "deflate"
          ? createInflate(flush)
          : coding === "br"
            ? createBrotliDecompress({
                flush: constants.BROTLI_OPERATION_FLUSH,
                finishFlush: constants.BROTLI_OPERATION_FLUSH,
              })
            : null;
    if (next === null) return null;
    stream = pipeline(stream, next, () => {}); // A failure destroys `next` with it, and the reader sees it there.
  }
  return stream;
}
