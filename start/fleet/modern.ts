// A modern-only MCP server (2026-07-28): no handshake, no sessions; clients of 2025 are refused by version.
import { createServer } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

const DAY_MS = 86_400_000;
const isoDay = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, { error: "a day as YYYY-MM-DD" });
const readOnly = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

function almanac(): McpServer {
  const server = new McpServer({ name: "almanac", version: "1.0.0" });
  server.registerTool(
    "weekday-of",
    {
      title: "Weekday",
      description: "Names the weekday of a day.",
      inputSchema: z.object({ day: isoDay }),
      annotations: readOnly,
    },
    ({ day }) => ({
      content: [
        {
          type: "text",
          text: new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" }),
        },
      ],
    }),
  );
  server.registerTool(
    "days-between",
    {
      title: "Days between",
      description: "Counts the days from one day to another.",
      inputSchema: z.object({ from: isoDay, to: isoDay }),
      annotations: readOnly,
    },
    ({ from, to }) => ({
      content: [{ type: "text", text: String(Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS)) }],
    }),
  );
  return server;
}

const handler = toNodeHandler(createMcpHandler(almanac, { legacy: "reject" }));
const port = Number(process.argv[2]);
createServer((request, response) => {
  if (request.url === "/mcp") void handler(request as Parameters<typeof handler>[0], response);
  else response.writeHead(404).end();
}).listen(port, "127.0.0.1");
