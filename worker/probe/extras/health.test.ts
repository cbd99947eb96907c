import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { healthSettings } from "#lib/domain/extra-check/health-url";
import { rawServer } from "#lib/testing/servers";
import { withoutSecrets } from "../shown.ts";
import { askHealth } from "./health.ts";

const TOKEN = `canary-${"0123456789abcdef".repeat(8)}`;

test("a health address that says our credential back shows no part of it, wherever the quotation is cut", async () => {
  const body = JSON.stringify({ state: "fine", seen: `Bearer ${TOKEN}` });
  const server = await rawServer((socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  );
  const origin = new URL(server.url).origin;
  const details: string[] = [];
  for (const more of [{ rules: '[{"path":"$.seen","notIn":["nothing"]}]' }, { statuses: "204" }]) {
    const settings = healthSettings.parse({ family: "database", url: `${origin}/health`, ...more });
    const check = {
      id: randomUUID(),
      kind: "health_url",
      name: "Health",
      everyS: 60,
      callsPerDay: 10,
      settings,
    } as const;
    const result = await askHealth(check, {
      ...{ tools: [], allowedTools: [], policy: { allow: [{ cidr: "127.0.0.0/8" }] }, ca: undefined, origin },
      ...{ headers: { Authorization: `Bearer ${TOKEN}` }, signal: AbortSignal.timeout(10_000), now: () => 1 },
      ...{ monotonic: () => performance.now(), leftMs: () => 10_000 },
    });
    details.push(String(result.evidence.detail));
  }
  await server.close();
  expect(details.join(" ")).toContain("[credential]");
  expect(details.join(" ")).not.toContain(TOKEN.slice(0, 12));
});

test("a credential that begins as an escape ends is taken out where it stands, and the answer stays one", () => {
  const clean = (said: string, secret: string) => withoutSecrets({ [said]: 1, a: [{ b: said }] }, { "x-key": secret });
  expect(clean("\nabcdef", "nabcdef")).toEqual({ "\nabcdef": 1, a: [{ b: "\nabcdef" }] });
  expect(clean("x\\", '"}]}')).toEqual({ "x\\": 1, a: [{ b: "x\\" }] });
  expect(clean("\nabcdef nabcdef", "nabcdef")).toEqual({
    "\nabcdef [credential]": 1,
    a: [{ b: "\nabcdef [credential]" }],
  });
});
