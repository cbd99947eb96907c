import { describe, expect, test } from "vitest";
import type { AddressPolicy } from "#lib/adapters/http";
import { rawServer } from "#lib/testing/servers";
import { Wire } from "./wire.ts";

const policy: AddressPolicy = { allow: [{ cidr: "127.0.0.0/8" }] };
const CALL = { phase: "list", title: "POST", method: "POST", body: { jsonrpc: "2.0", id: "a", method: "x" } } as const;
const JSON_ANSWER = '{"jsonrpc":"2.0","id":"a","result":{}}';
const http = (body: string, more = "") =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const event = (data: string) => `event: message\ndata: ${data}\n\n`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

function wireTo(url: string, monotonic = () => performance.now()): Wire {
  return new Wire(url, {}, { policy, monotonic, signal: AbortSignal.timeout(20_000) });
}

describe("the wire", () => {
  test("asks again on a fresh connection when the server closed the last one without a word, and only then", async () => {
    let requests = 0;
    const server = await rawServer((socket) => {
      requests += 1;
      if (requests === 1) socket.write(http(JSON_ANSWER));
      if (requests === 2) socket.destroy();
      if (requests === 3) socket.write(http(JSON_ANSWER));
      if (requests > 3) socket.destroy();
    });
    const wire = wireTo(server.url);
    expect((await wire.send(CALL)).message).not.toBeNull();
    expect((await wire.send(CALL)).message).not.toBeNull();
    expect((await wire.send(CALL)).step.error?.code).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
    expect(requests).toBe(5);
    await Promise.all([wire.close(), server.close()]);
  });

  test.each<[what: string, stream: string[], message: boolean, code: string | undefined]>([
    [
      "a priming event, comments and notifications before the answer",
      [
        ": hi\n\n",
        "id: 1\ndata:\n\n",
        event('{"jsonrpc":"2.0","method":"notifications/message"}'),
        event('{"jsonrpc":"2.0","id":"a","method":"ping"}'),
        event(JSON_ANSWER),
      ],
      true,
      undefined,
    ],
    [
      "the answer cut in the middle of a line",
      ['data: {"jsonrpc":"2.0",', '"id":"a","result":{}}\n', "\n"],
      true,
      undefined,
    ],
    ["another id before ours", [event('{"jsonrpc":"2.0","id":"b","result":{}}'), event(JSON_ANSWER)], true, undefined],
    ["a batch that holds ours", [event(`[{"jsonrpc":"2.0","id":"b","result":{}},${JSON_ANSWER}]`)], true, undefined],
    ["no JSON in an event", [event("{oops")], false, "E_NOT_JSON"],
  ])("reads an event stream with %s", async (_what, stream, message, code) => {
    const server = await rawServer((socket) => {
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      for (const part of stream) socket.write(chunk(part));
    });
    const wire = wireTo(server.url);
    const exchange = await wire.send(CALL);
    expect([exchange.message !== null, exchange.step.error?.code]).toEqual([message, code]);
    await Promise.all([wire.close(), server.close()]);
  });

  test("keeps one connection over a stream that ends by itself, and counts the time to the answer only", async () => {
    const sockets = new Set<unknown>();
    const server = await rawServer((socket) => {
      sockets.add(socket);
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(event(JSON_ANSWER))}0\r\n\r\n`,
      );
    });
    const wire = wireTo(server.url);
    for (const _ of [1, 2, 3]) expect((await wire.send(CALL)).message).not.toBeNull();
    expect(sockets.size).toBe(1);
    await Promise.all([wire.close(), server.close()]);
  });

  test("follows 307 inside the origin, up to three times, and sends the credential nowhere else", async () => {
    let hops = 0;
    const server = await rawServer((socket) => {
      hops += 1;
      socket.write(
        hops <= 3
          ? "HTTP/1.1 307 Temporary Redirect\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
          : http(JSON_ANSWER),
      );
    });
    const wire = wireTo(server.url);
    expect((await wire.send(CALL)).message).not.toBeNull();
    expect(hops).toBe(4);
    hops = -10;
    expect((await wire.send(CALL)).status).toBe(307);
    expect(hops).toBe(-6);
    await Promise.all([wire.close(), server.close()]);
  });

  test.each(["301", "302", "303"])("does not follow %s, because clients do not", async (status) => {
    let hops = 0;
    const server = await rawServer((socket) => {
      hops += 1;
      socket.write(`HTTP/1.1 ${status} Moved\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n`);
    });
    const wire = wireTo(server.url);
    expect((await wire.send(CALL)).status).toBe(Number(status));
    expect(hops).toBe(1);
    await Promise.all([wire.close(), server.close()]);
  });

  test("writes down neither a query nor a session id", async () => {
    const server = await rawServer((socket) => socket.write(http(JSON_ANSWER, "Mcp-Session-Id: session-4711\r\n")));
    const wire = wireTo(`${server.url}?api_key=query-4711`);
    const exchange = await wire.send({ ...CALL, headers: { "mcp-session-id": "session-4711" } });
    expect(exchange.sessionId).toBe("session-4711");
    expect(JSON.stringify(exchange.step)).not.toContain("4711");
    await Promise.all([wire.close(), server.close()]);
  });
});
