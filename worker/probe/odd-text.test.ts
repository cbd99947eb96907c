// What servers answer where a text or a number is expected: it is their fault, said as that, and never green.
import { expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { DISCOVERED, INITIALIZED, serve } from "#lib/testing/fixtures/serve";
import { probe } from "./transcript.ts";

const ODD = { toString: 1, valueOf: 1 };

test.each<[what: string, answer: object, status: string, reason: string]>([
  ["versions that are objects", { result: { ...DISCOVERED, supportedVersions: [ODD] } }, "down", "protocol_error"],
  ["no version at all", { result: { ...DISCOVERED, supportedVersions: [] } }, "down", "protocol_error"],
  [
    "a strange version beside an object",
    { result: { ...DISCOVERED, supportedVersions: ["2031-01-01", ODD] } },
    "down",
    "version_unsupported",
  ],
  ["an error whose code is an object", { error: { code: ODD, message: ODD } }, "down", "malformed_jsonrpc"],
])("%s: the server's fault", async (_what, answer, status, reason) => {
  const server = await serve(() => answer);
  const transcript = await look(server.url);
  await server.close();
  expect(transcript.steps.map((s) => s.error?.code)).not.toContain("E_PROBER_FAULT");
  expect([judge(transcript).status, judge(transcript).reason]).toEqual([status, reason]);
});

test("a server that knows server/discover and speaks only older versions is asked in the older way", async () => {
  const tool = { name: "echo", inputSchema: { type: "object" } };
  const results: Record<string, object> = {
    "server/discover": { ...DISCOVERED, supportedVersions: ["2025-06-18"] },
    initialize: INITIALIZED,
    "tools/list": { tools: [tool] },
  };
  const server = await serve(({ method }) => ({ result: results[method] ?? {} }));
  const transcript = await look(server.url);
  await server.close();
  expect([transcript.era, transcript.tools, judge(transcript).reason]).toEqual(["legacy", [tool], null]);
});

const look = (url: string) =>
  probe(
    { serverId: "s", tenantId: "t", url, headers: {}, knownEra: null },
    { policy: { allow: [{ cidr: "127.0.0.0/8" }] }, monotonic: () => performance.now(), boundMs: 10_000 },
  );
