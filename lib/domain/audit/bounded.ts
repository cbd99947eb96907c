// What goes into the log has bounds: a name of a megabyte is cut, with the digest of the whole, so that nobody can make
// an act unloggable by its length; and one line stays one line, whatever a text holds.
import { hash } from "node:crypto";

export const MAX_TEXT = 2_000;
/** Below the database's own bound of 64 KiB. */
export const MAX_BODY_BYTES = 60_000;
const MAX_DEPTH = 12;

/** Cut by code point. NUL, which no JSON column takes, and halves of a character become U+FFFD. */
export function boundedText(text: string, max = MAX_TEXT): string {
  const sound = text.toWellFormed().replaceAll("\0", "\ufffd");
  if (sound.length <= max) return sound;
  const head = sound.slice(0, max).replace(/[\ud800-\udbff]$/, "");
  return `${head}… [${text.length} characters, SHA-256 ${hash("sha256", text.toWellFormed(), "hex")}]`;
}

/** The same value with every text in bounds; of a whole that is too large its size and digest. */
export function boundedBody(body: Record<string, unknown>): Record<string, unknown> {
  const kept = within(body, 0) as Record<string, unknown>;
  const text = JSON.stringify(kept);
  const bytes = Buffer.byteLength(text);
  return bytes <= MAX_BODY_BYTES ? kept : { cut: { bytes, sha256: hash("sha256", text, "hex") } };
}

function within(value: unknown, depth: number): unknown {
  if (typeof value === "string") return boundedText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[deeper than 12 levels]";
  if (Array.isArray(value)) return value.map((v) => within(v, depth + 1));
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return within(toJSON.call(value), depth + 1);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [boundedText(k, 200), within(v, depth + 1)]));
}

const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const TARGET = 200;

/** One line of at most 200 characters: what would end it or colour a terminal is spelled out. */
export function boundedTarget(target: string): string {
  const line = target.toWellFormed().replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const points = [...line];
  if (points.length <= TARGET) return line;
  return `${points.slice(0, TARGET - 18).join("")}…#${hash("sha256", target.toWellFormed(), "hex").slice(0, 16)}`;
}
