// Raw answers that break careless clients, each as what is written to the socket for one request.
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
  "an event stream that ends": (socket: Socket) =>
    socket.end(`${head("text/event-stream", "Connection: close\r\n\r\n")}: hello\n\n`),
  "another id": (socket: Socket) => whole(socket, JSON.stringify({ jsonrpc: "2.0", id: "other", result: {} })),
  "no JSON": (socket: Socket) => whole(socket, "{oops"),
  "invalid UTF-8 in place of JSON": (socket: Socket) => whole(socket, Buffer.from([0xff, 0xfe, 0x00, 0xd8])),
  "JSON a hundred thousand levels deep": (socket: Socket) => whole(socket, "[".repeat(100_000) + "]".repeat(100_000)),
  "endless 1xx answers": (socket: Socket) => pour(socket, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
  "a redirect to itself": (socket: Socket) =>
    socket.write("HTTP/1.1 307 Temporary Redirect\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n"),
  "a redirect to the metadata address": (socket: Socket) =>
    socket.write(
      "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/latest/?token=abc\r\nContent-Length: 0\r\n\r\n",
    ),
  "a closed connection": (socket: Socket) => socket.destroy(),
  "another protocol": (socket: Socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"),
  "headers of a megabyte": (socket: Socket) =>
    socket.write(`${head("application/json")}X-Much: ${"a".repeat(1_000_000)}\r\n\r\n`),
  "a bare 401": (socket: Socket) => socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
  "401 with metadata": (socket: Socket) =>
    socket.write(
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"\r\nContent-Length: 0\r\n\r\n',
    ),
  "403 from a Host check": (socket: Socket) =>
    socket.write("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nHost"),
  "429 with Retry-After": (socket: Socket) =>
    socket.write("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n"),
  "503 from a gateway": (socket: Socket) =>
    socket.write("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<h1>x"),
  "404 for everything": (socket: Socket) => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
  "405 to POST and a page to GET": (socket: Socket, request: string) =>
    request.startsWith("GET")
      ? whole(socket, "<html>hi</html>", "text/html")
      : socket.write("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n"),
  "415 to JSON": (socket: Socket) => socket.write("HTTP/1.1 415 Unsupported Media Type\r\nContent-Length: 0\r\n\r\n"),
  "no tools": modernWith(() => ({ tools: [] })),
  "tools without schema": modernWith(() => ({ tools: [{ name: "a" }] })),
  "the same tool twice": modernWith(() => ({ tools: [tool("a"), tool("a")] })),
  "tools that are no array": modernWith(() => ({ tools: "all of them" })),
  "lone surrogates in a name": modernWith(() => ({ tools: [tool("\ud800"), tool("ok")] })),
  "names with control and bidi characters": modernWith(() => ({
    tools: [tool("evil\u202e\u0000<b>"), tool("__proto__")],
  })),
  "a cursor that comes back": modernWith(() => ({ tools: [tool("a")], nextCursor: "again" })),
  "ten thousand tools": modernWith((_id, request) => ({
    tools: Array.from({ length: 500 }, (_, i) => tool(`t${/"cursor":"(\d+)"/.exec(request)?.[1] ?? 0}-${i}`)),
    nextCursor: String(Number(/"cursor":"(\d+)"/.exec(request)?.[1] ?? 0) + 1),
  })),
  "an error to tools/list": modernWith(() => ({ error: { code: -32603, message: "boom" } })),
  "a session that is forgotten": (socket: Socket, request: string) => {
    if (request.includes('"initialize"'))
      whole(
        socket,
        JSON.stringify({
          jsonrpc: "2.0",
          id: idOf(request),
          result: {
            protocolVersion: "2025-11-25",
            capabilities: { tools: {} },
            serverInfo: { name: "x", version: "1" },
          },
        }),
        "application/json",
        "Mcp-Session-Id: s1\r\n",
      );
    else socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  },
  "an unknown protocol version": (socket: Socket, request: string) =>
    request.includes('"initialize"')
      ? whole(
          socket,
          JSON.stringify({
            jsonrpc: "2.0",
            id: idOf(request),
            result: { protocolVersion: "1999-01-01", capabilities: {}, serverInfo: { name: "x" } },
          }),
        )
      : whole(
          socket,
          JSON.stringify({ jsonrpc: "2.0", id: idOf(request), error: { code: -32601, message: "Method not found" } }),
        ),
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

export type Hostile = keyof typeof TALK;
export const HOSTILE = Object.keys(TALK) as Hostile[];

export function hostileServer(kind: Hostile): Promise<TestServer> {
  return rawServer(TALK[kind]);
}
