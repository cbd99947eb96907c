// An agent's line home: one POST and its answer, through the guarded door, bounded in time and size. The address is its
// operator's choice; redirects are not followed, so a token goes nowhere else.
import { request } from "undici";
import { OPERATORS_CHOICE } from "./answer.ts";
import { assertUrlAllowed, guardedDispatcher } from "./http.ts";

/** A batch of 25 servers with as much to check as each may have, sealed, and the answer that it comes in: worker/agents/link.ts. */
const MAX_ANSWER = 32 * 1024 * 1024;

export type HomeAnswer = { kind: "answer"; status: number; body: unknown } | { kind: "cut"; code: string };

export interface Home {
  /** Never throws: no answer in time is the link being cut. */
  post(path: string, body: unknown, timeoutMs: number, signal?: AbortSignal): Promise<HomeAnswer>;
  close(): Promise<void>;
}

/** @param base https://host; @param ca extra certificate authorities, PEM */
export function openHome(base: URL, token: string, ca: string | undefined): Home {
  const dispatcher = guardedDispatcher(OPERATORS_CHOICE, {
    ...(ca === undefined ? {} : { ca }),
    headersTimeoutMs: 60_000,
    bodyTimeoutMs: 30_000,
  });
  return {
    async post(path, body, timeoutMs, signal) {
      const bound = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(assertUrlAllowed(new URL(path, base), OPERATORS_CHOICE), {
          dispatcher,
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "user-agent": "Tocsin/0.1" },
          body: JSON.stringify(body),
          signal: signal === undefined ? bound : AbortSignal.any([bound, signal]),
        });
        const parts: Buffer[] = [];
        let size = 0;
        for await (const part of answer.body as AsyncIterable<Buffer>) {
          size += part.length;
          if (size > MAX_ANSWER) return { kind: "cut", code: "E_TOO_LARGE" };
          parts.push(part);
        }
        return { kind: "answer", status: answer.statusCode, body: jsonOf(Buffer.concat(parts).toString("utf8")) };
      } catch (err) {
        return { kind: "cut", code: codeOf(err) };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function codeOf(err: unknown): string {
  const { code, name } = err as { code?: unknown; name?: unknown };
  return String(typeof code === "string" ? code : name)
    .replace(/[^\w-]/g, "_")
    .slice(0, 60);
}
