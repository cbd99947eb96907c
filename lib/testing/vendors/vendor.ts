// What every emulated vendor is: something that answers calls as its documentation says, keeps what it took in, and
// can be told to fail in the ways that the real ones fail.
import type { SinkKind } from "../../sinks/sink.ts";

export interface Call {
  method: string;
  /** Below the vendor's own base path. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  body: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  body: unknown;
}

/** One request that arrived, whatever was made of it. */
export interface Received {
  number: number;
  kind: SinkKind;
  /** ISO 8601. */
  at: string;
  method: string;
  path: string;
  /** Parsed where it was JSON. */
  body: unknown;
  /** The incident's key as far as this vendor sees one, else "". */
  key: string;
  /** The vendor did what was asked; false when it refused or a fault came first. */
  worked: boolean;
  /** null: no answer was given. */
  status: number | null;
}

/**
 * reset_before, blackhole: nothing is done. reset_after, silent_after: the work is done and the answer lost.
 * `times`: how many requests it hits; for ever when absent.
 */
export type Fault = { times?: number } & (
  | { mode: "status"; status: number; headers?: Record<string, string>; body?: unknown }
  | { mode: "delay"; ms: number }
  | { mode: "reset_before" | "reset_after" | "blackhole" | "silent_after" }
);

export interface Vendor {
  kind: SinkKind;
  answer(call: Call): Reply;
  /** How often a person was called to something new. */
  pages(): number;
  /** What a person sees there now, newest first. */
  shows(): unknown[];
}

export const keep = 500;

/** The newest `keep` only: an inbox that runs for weeks must not grow. */
export function push<T>(list: T[], item: T): void {
  list.unshift(item);
  if (list.length > keep) list.length = keep;
}

/** Keeps a map's newest `keep` entries. */
export function put<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  if (map.size > keep) for (const oldest of [...map.keys()].slice(0, map.size - keep)) map.delete(oldest);
}

export function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
