// What a hostile answer could do to this process and to a secret; what is said of it stands in fixtures.test.ts.
import { expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { excess } from "#lib/domain/canonical-json";
import { storeTranscript } from "#lib/domain/transcript";
import { hostileServer } from "#lib/testing/hostile";
import { probe } from "../probe/transcript.ts";

const policy = { allow: [{ cidr: "127.0.0.0/8" }] };
const SECRET = "sk-very-secret-4711";

async function look(url: string, headers: Record<string, string> = {}) {
  return probe(
    { serverId: "s", tenantId: "t", url, headers, knownEra: null },
    { policy, monotonic: () => performance.now(), boundMs: 10_000 },
  );
}

test("a server that echoes the credential does not bring it into what is kept", async () => {
  const server = await hostileServer("an echo of the credential");
  const transcript = await look(server.url, { Authorization: `Bearer ${SECRET}` });
  await server.close();
  const judged = judge(transcript);
  expect(judged).toMatchObject({ status: "down", reason: "protocol_error" });
  expect(JSON.stringify([storeTranscript(transcript), transcript, judged])).not.toContain(SECRET);
  expect(JSON.stringify(judged)).toContain("[credential]");
  expect(excess(judged)).toBeNull();
});

test("a flood is cut off before it fills this process", async () => {
  const server = await hostileServer("ten gigabytes of body");
  const before = process.memoryUsage().rss;
  await look(server.url);
  await server.close();
  // Both ends of the flood live in this process.
  expect(process.memoryUsage().rss - before).toBeLessThan(96 * 1024 * 1024);
});
