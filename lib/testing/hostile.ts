// Raw answers that break careless clients, each as what is written to the socket for one request: for what no HTTP
// server would write. Everything else is in lib/testing/fixtures.
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { rawServer, type TestServer } from "./servers.ts";

const idOf = (request: string) => /"id":"([^"]+)"/.exec(request)?.[1] ?? "x";
const head = (type: string, more = "") => `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${more}`;

function whole(socket: Socket, body: string | Buffer, type = "application/json", more = ""): void {
  socket.write(`${head(type, more)}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`);
  socket.write(body);
}

/** A modern server's good discover, then `list` as given: for what is wrong in the list alone. */
function modernWith(list: (id: string, request: string) => object): (socket: Socket, request: string) => void {
  return (socket, request) => {
    const id = idOf(request);
    const result = request.includes("server/discover")
      ? { supportedVersions: ["2026-07-28"], capabilities: { tools: {} }, resultType: "complete" }
      : list(id, request);
    whole(
      socket,
      JSON.stringify("error" in result ? { jsonrpc: "2.0", id, ...result } : { jsonrpc: "2.0", id, result }),
    );
  };
}

/** Writes until the other side has had enough. */
function pour(socket: Socket, chunk: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", more);
  more();
}

const tool = (name: string) => ({ name, inputSchema: { type: "object" } });

const TALK = {
  "ten gigabytes of body": (socket: Socket) => {
    socket.write(head("application/json", "Content-Length: 10737418240\r\n\r\n"));
    pour(socket, " ".repeat(65_536));
  },
  "a gzip bomb": (socket: Socket) =>
    whole(
      socket,
      gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024))),
      "application/json",
      "Content-Encoding: gzip, gzip\r\n",
    ),
  "a thousand content codings": (socket: Socket) =>
    whole(socket, "x", "application/json", `Content-Encoding: ${Array(1_000).fill("gzip").join(",")}\r\n`),
  "an endless event stream": (socket: Socket) => {
    socket.write(head("text/event-stream", "\r\n"));
    pour(socket, `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n`.repeat(500));
  },
  "an event stream without a newline": (socket: Socket) => {
    socket.write(head("text/event-stream", "\r\n"));
    pour(socket, `data: ${"a".repeat(65_536)}`);
  },
  "JSON a hundred thousand levels deep": (socket: Socket) => whole(socket, "[".repeat(100_000) + "]".repeat(100_000)),
  "endless 1xx answers": (socket: Socket) => pour(socket, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
  "headers of a megabyte": (socket: Socket) =>
    socket.write(`${head("application/json")}X-Much: ${"a".repeat(1_000_000)}\r\n\r\n`),
  "tools without schema": modernWith(() => ({ tools: [{ name: "a" }] })),
  "lone surrogates in a name": modernWith(() => ({ tools: [tool("\ud800"), tool("ok")] })),
  "names with control and bidi characters": modernWith(() => ({
    tools: [tool("evil\u202e\u0000<b>"), tool("__proto__")],
  })),
  "ten thousand tools": modernWith((_id, request) => ({
    tools: Array.from({ length: 500 }, (_, i) => tool(`t${/"cursor":"(\d+)"/.exec(request)?.[1] ?? 0}-${i}`)),
    nextCursor: String(Number(/"cursor":"(\d+)"/.exec(request)?.[1] ?? 0) + 1),
  })),
  "an echo of the credential": (socket: Socket, request: string) =>
    whole(
      socket,
      JSON.stringify({
        jsonrpc: "2.0",
        id: idOf(request),
        error: { code: -32000, message: `bad header ${/authorization: (.*)\r/i.exec(request)?.[1]}` },
      }),
    ),
} as const satisfies Record<string, (socket: Socket, request: string) => unknown>;

export function hostileServer(kind: keyof typeof TALK): Promise<TestServer> {
  return rawServer(TALK[kind]);
}
