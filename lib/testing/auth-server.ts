// An authorization server and the MCP server behind it on one loopback port, right or wrong in one way each. Real
// sockets; what was asked is kept for tests to look at.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { freePort } from "./servers.ts";

export type AuthFault =
  | "none"
  | "wrong issuer"
  | "metadata of 10 MB"
  | "metadata elsewhere"
  | "metadata that is no JSON"
  | "other resource"
  | "no authorization server"
  | "private token endpoint"
  | "token error that quotes the secret"
  | "token redirect"
  | "token of 10 MB"
  | "slow token"
  | "no token in the answer"
  | "packed token"
  | "bare challenge"
  | "bare 401"
  | "open"
  | "names a private metadata address"
  | "tools only";

export interface AuthServerHere {
  origin: string;
  url: string;
  /** "METHOD path" of every request, in order. */
  asked: string[];
  /** Bodies and Authorization headers of token requests. */
  tokenRequests: { body: URLSearchParams; authorization: string }[];
  /** Tokens that are taken; the newest is the last. */
  tokens: Set<string>;
  fault: AuthFault;
  lifeS: number;
  close(): Promise<void>;
}

export const CLIENT = { id: "probe-client", secret: "client-secret-4711-abcdef" };

export async function authServer(fault: AuthFault = "none"): Promise<AuthServerHere> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const here: AuthServerHere = {
    ...{ origin, url: `${origin}/mcp`, asked: [], tokenRequests: [], tokens: new Set(), fault, lifeS: 3_600 },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes) => (body += bytes));
    request.on("error", () => {});
    response.on("error", () => {});
    request.on("end", () => {
      here.asked.push(`${request.method} ${request.url}`);
      answer(here, request, response, body);
    });
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  return here;
}

function answer(here: AuthServerHere, request: IncomingMessage, response: ServerResponse, body: string): void {
  const path = request.url ?? "";
  const { fault, origin } = here;
  const json = (status: number, value: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
  const flood = () =>
    response.writeHead(200, { "content-type": "application/json" }).end(`"${"x".repeat(10_000_000)}"`);
  if (path.startsWith("/.well-known/oauth-protected-resource")) {
    if (fault === "bare 401") return void json(404, {});
    if (fault === "metadata of 10 MB") return void flood();
    if (fault === "metadata elsewhere") return void response.writeHead(302, { location: "http://127.0.0.1:1/x" }).end();
    if (fault === "metadata that is no JSON") return void response.writeHead(200).end("<html>");
    const servers = fault === "no authorization server" ? [] : [origin];
    const resource = fault === "other resource" ? "https://elsewhere.example/mcp" : here.url;
    return void json(200, { resource, authorization_servers: servers, scopes_supported: ["mcp:tools"] });
  }
  if (path.startsWith("/.well-known/")) {
    if (fault === "bare 401" || !path.startsWith("/.well-known/oauth-authorization-server")) return void json(404, {});
    return void json(200, {
      issuer: fault === "wrong issuer" ? "https://evil.example" : origin,
      token_endpoint: fault === "private token endpoint" ? "http://10.0.0.1:8080/token" : `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      code_challenge_methods_supported: ["S256"],
      client_id_metadata_document_supported: true,
      grant_types_supported: ["client_credentials"],
    });
  }
  if (path === "/token") token(here, request, response, body, json, flood);
  else mcp(here, request, body, json, response);
}

type Json = (status: number, value: unknown, headers?: Record<string, string>) => unknown;

function token(
  here: AuthServerHere,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
  json: Json,
  flood: () => unknown,
): void {
  const authorization = request.headers.authorization ?? "";
  const sent = new URLSearchParams(body);
  here.tokenRequests.push({ body: sent, authorization });
  const shown = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString("utf8");
  const right = shown === `${CLIENT.id}:${CLIENT.secret}` || sent.get("client_secret") === CLIENT.secret;
  if (here.fault === "token error that quotes the secret")
    return void json(400, { error: CLIENT.secret, error_description: `wrong: ${CLIENT.secret}` });
  if (here.fault === "token redirect") return void response.writeHead(307, { location: "http://127.0.0.1:1/t" }).end();
  if (here.fault === "token of 10 MB") return void flood();
  if (here.fault === "slow token") return;
  if (here.fault === "no token in the answer") return void json(200, { token_type: "bearer" });
  if (here.fault === "packed token") return void json(200, {}, { "content-encoding": "gzip" });
  if (!right) return void json(401, { error: "invalid_client" });
  const value = `token-${here.tokenRequests.length}-${Math.random().toString(36).slice(2)}`;
  here.tokens.add(value);
  json(200, { access_token: value, token_type: "Bearer", expires_in: here.lifeS });
}

function mcp(here: AuthServerHere, request: IncomingMessage, body: string, json: Json, response: ServerResponse): void {
  const given = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
  const { id, method } = JSON.parse(body || "{}") as { id?: string; method?: string };
  const walled = here.fault !== "open" && !(here.fault === "tools only" && method !== "tools/list");
  if (walled && !here.tokens.has(given)) {
    const named =
      here.fault === "names a private metadata address"
        ? "http://169.254.169.254/latest/meta-data"
        : `${here.origin}/.well-known/oauth-protected-resource/mcp`;
    const challenge =
      here.fault === "bare challenge" || here.fault === "bare 401"
        ? "Bearer"
        : `Basic realm="x", Bearer resource_metadata="${named}", scope="mcp:tools"`;
    response.writeHead(401, here.fault === "bare 401" ? {} : { "www-authenticate": challenge }).end();
    return;
  }
  const result =
    method === "server/discover"
      ? { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }
      : { tools: [{ name: "look", inputSchema: { type: "object" } }] };
  json(200, { jsonrpc: "2.0", id, result: { resultType: "complete", ttlMs: 0, cacheScope: "private", ...result } });
}
