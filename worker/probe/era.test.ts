import { describe, expect, test } from "vitest";
import { decideEra, type EraDecision, refusesInitialize } from "./era.ts";
import type { BodyKind } from "./answer.ts";
import type { Exchange } from "./wire.ts";

const answer = (status: number | null, kind: BodyKind, message: object | null = null, code?: string): Exchange => ({
  status,
  kind,
  message: message as Exchange["message"],
  sessionId: null,
  step: { phase: "discover", title: "", startMs: 0, durationMs: 0, ...(code && { error: { code, detail: "" } }) },
});
const error = (code: number, data?: object) => ({ error: { code, message: "", data } });
const modernResult = { result: { supportedVersions: ["2026-07-28"], capabilities: {} } };

describe("an answer to server/discover", () => {
  test.each<[what: string, exchange: Exchange, decision: EraDecision]>([
    ["supportedVersions", answer(200, "json", modernResult), "modern"],
    ["supportedVersions in an event stream", answer(200, "sse", modernResult), "modern"],
    [
      "supportedVersions without ours",
      answer(200, "json", { result: { supportedVersions: ["2031-01-01"] } }),
      "modern",
    ],
    ["supportedVersions of before", answer(200, "json", { result: { supportedVersions: ["2025-06-18"] } }), "legacy"],
    [
      "an error whose code is an object",
      answer(200, "json", { error: { code: { valueOf: 1, toString: 1 } } }),
      "legacy",
    ],
    ["-32022 that names a modern version", answer(400, "json", error(-32022, { supported: ["2026-07-28"] })), "modern"],
    [
      "-32022 that names an unknown version only",
      answer(400, "json", error(-32022, { supported: ["2031-01-01"] })),
      "modern",
    ],
    [
      "-32022 that names legacy versions only",
      answer(400, "json", error(-32022, { supported: ["2025-11-25"] })),
      "legacy",
    ],
    ["-32020, our own bad headers", answer(400, "json", error(-32020)), "modern"],
    ["-32021, our own missing capability", answer(400, "json", error(-32021)), "modern"],
    ["404 and -32601", answer(404, "json", error(-32601)), "legacy"],
    ["200 and -32601", answer(200, "json", error(-32601)), "legacy"],
    ["200 with another error in a stream", answer(200, "sse", error(-32603)), "legacy"],
    ["400 for want of a session", answer(400, "json", error(-32000)), "legacy"],
    ["404 with a page", answer(404, "other"), "legacy"],
    ["405 without a body", answer(405, "none"), "legacy"],
    ["406", answer(406, "json", error(-32000)), "legacy"],
    ["415", answer(415, "other"), "legacy"],
    ["202 and nothing else", answer(202, "none", null, "E_NO_ANSWER"), "legacy"],
    ["200 with a result of another shape", answer(200, "json", { result: {} }), "legacy"],
    ["200 and tools that prove nothing", answer(200, "json", { result: { tools: [] } }), "legacy"],
    ["401", answer(401, "json", error(-32001)), "stop"],
    ["403", answer(403, "other"), "stop"],
    ["429", answer(429, "none"), "stop"],
    ["500", answer(500, "json", error(-32603)), "stop"],
    ["502 with a page", answer(502, "other"), "stop"],
    ["a redirect", answer(302, "none"), "stop"],
    ["200 with a page", answer(200, "other"), "stop"],
    ["silence", answer(null, "none", null, "E_TIMEOUT"), "stop"],
    ["silence after the head of a stream", answer(200, "sse", null, "E_TIMEOUT"), "stop"],
    ["a refused connection", answer(null, "none", null, "ECONNREFUSED"), "stop"],
    ["a flood", answer(200, "json", null, "E_TOO_LARGE"), "stop"],
  ])("%s", (_what, exchange, decision) => {
    expect(decideEra(exchange)).toBe(decision);
  });
});

describe("an answer to initialize", () => {
  test.each<[what: string, exchange: Exchange, to: "modern" | "sse" | null]>([
    ["-32022 points to the modern era", answer(400, "json", error(-32022)), "modern"],
    ["404 points to HTTP+SSE", answer(404, "other"), "sse"],
    ["405 points to HTTP+SSE", answer(405, "none"), "sse"],
    ["400 points to HTTP+SSE", answer(400, "json", error(-32000)), "sse"],
    ["401 points nowhere", answer(401, "none"), null],
    ["500 points nowhere", answer(500, "none"), null],
    ["a result points nowhere", answer(200, "json", { result: {} }), null],
  ])("%s", (_what, exchange, to) => {
    expect(refusesInitialize(exchange)).toBe(to);
  });
});
