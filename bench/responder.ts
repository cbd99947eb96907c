// An MCP server as its own process that answers at once, so that a bench measures who asks: /legacy/… keeps sessions and
// answers over SSE, /modern/… speaks 2026-07-28 over JSON. Both list the same 13 tools.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const tools = Array.from({ length: 13 }, (_, i) => ({
  name: `tool-${i}`,
  title: `Tool ${i}`,
  description: `Answers question ${i} of the bench, in a sentence that is about as long as real ones are.`,
  inputSchema: {
    type: "object",
    properties: {
      text: { type: "string", description: "What to ask", maxLength: 200 },
      count: { type: "integer", minimum: 1, maximum: 10, default: 3 },
    },
    required: ["text"],
  },
  annotations: { readOnlyHint: true, openWorldHint: false },
}));
const server = { name: "bench", version: "1.0.0" };
const capabilities = { tools: { listChanged: false } };
const RESULTS: Record<string, string> = {
  initialize: JSON.stringify({ protocolVersion: "2025-11-25", capabilities, serverInfo: server }),
  "server/discover": JSON.stringify({
    supportedVersions: ["2026-07-28"],
    capabilities,
    resultType: "complete",
    _meta: { "io.modelcontextprotocol/serverInfo": server },
  }),
  "tools/list": JSON.stringify({ tools, resultType: "complete" }),
};

function answer(request: IncomingMessage, response: ServerResponse, body: string, at: number): void {
  if (request.method !== "POST") return void response.writeHead(request.method === "DELETE" ? 200 : 405).end();
  const legacy = request.url?.startsWith("/legacy") === true;
  const { id, method } = JSON.parse(body) as { id?: string; method: string };
  if (method === (legacy ? "initialize" : "server/discover")) starts.push([request.url ?? "", at]);
  if (id === undefined) return void response.writeHead(202).end();
  const result = legacy && method === "server/discover" ? undefined : RESULTS[method];
  const message =
    result === undefined || (!legacy && method === "initialize")
      ? `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":{"code":-32601,"message":"Method not found"}}`
      : `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
  const session = method === "initialize" ? { "mcp-session-id": randomUUID() } : {};
  if (legacy)
    response
      .writeHead(200, { "content-type": "text/event-stream", ...session })
      .end(`event: message\ndata: ${message}\n\n`);
  else response.writeHead(200, { "content-type": "application/json" }).end(message);
}

/** Path and epoch ms of the first request of each probe; GET /starts empties it. */
const starts: [path: string, at: number][] = [];

let gets = 0;

const listener = createServer((request, response) => {
  if (request.url?.startsWith("/get/")) {
    gets++;
    return void response.end("ok");
  }
  if (request.url === "/gets") return void response.end(String(gets));
  if (request.url === "/starts") return void response.end(JSON.stringify(starts.splice(0)));
  const at = performance.timeOrigin + performance.now();
  let body = "";
  request.on("data", (bytes: Buffer) => (body += bytes.toString()));
  request.on("end", () => answer(request, response, body, at));
});
listener.listen(0, "127.0.0.1", 4_096, () => {
  const address = listener.address();
  console.log(JSON.stringify({ port: typeof address === "object" && address ? address.port : 0 }));
});
process.on("disconnect", () => process.exit(0));
