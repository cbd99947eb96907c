// What a server publishes about signing in, read from real sockets: found by every published way, believed only where it
// agrees with itself, and never more than a few bounded requests.
import { describe, expect, test } from "vitest";
import type { AddressPolicy } from "#lib/adapters/http";
import { type AuthFault, authServer } from "#lib/testing/auth-server";
import type { Findings } from "#lib/domain/wall";
import { rawServer } from "#lib/testing/servers";
import { discover } from "./discovery.ts";

const policy: AddressPolicy = { allow: [{ cidr: "127.0.0.0/8" }] };

async function found(fault: AuthFault, challenge?: (origin: string) => string) {
  const server = await authServer(fault);
  const named = `Bearer resource_metadata="${server.origin}/.well-known/oauth-protected-resource/mcp"`;
  const findings = await discover(server.url, challenge?.(server.origin) ?? named, { policy }, 5);
  await server.close();
  return { findings, server };
}

describe("discovery", () => {
  test("reads resource and authorization server, and what clients may do there", async () => {
    const { findings, server } = await found("none");
    expect(findings).toMatchObject({
      cause: "with_prm",
      problem: "",
      resource: { resource: server.url, servers: [server.origin], scopes: ["mcp:tools"] },
      servers: [{ issuer: server.origin, dcr: true, cimd: true, s256: true, clientCredentials: true, problem: "" }],
      requests: 2,
    });
  });

  test("looks at the well-known addresses, the path's own first, when the 401 names none", async () => {
    const { findings, server } = await found("none", () => "Bearer");
    expect(findings.cause).toBe("with_prm");
    expect(server.asked[0]).toBe("GET /.well-known/oauth-protected-resource/mcp");
  });

  test("of a server that publishes nothing is without_prm and no fault of anybody", async () => {
    const { findings, server } = await found("bare 401", () => "");
    expect(findings).toMatchObject({ cause: "without_prm", problem: "", resource: null, servers: [] });
    expect(server.asked).toEqual([
      "GET /.well-known/oauth-protected-resource/mcp",
      "GET /.well-known/oauth-protected-resource",
      "GET /.well-known/oauth-authorization-server",
      "GET /.well-known/openid-configuration",
    ]);
  });

  test.each<[fault: AuthFault, cause: Findings["cause"], words: RegExp]>([
    ["other resource", "prm_invalid", /about another resource: https:\/\/elsewhere/],
    ["no authorization server", "prm_invalid", /names no authorization server/],
    ["metadata of 10 MB", "prm_invalid", /larger than 256 KiB/],
    ["metadata elsewhere", "prm_invalid", /answers with an error/],
    ["metadata that is no JSON", "prm_invalid", /no JSON object/],
    ["wrong issuer", "as_unreachable", /calls itself by another name: https:\/\/evil/],
  ])("%s is %s, in words", async (fault, cause, words) => {
    const { findings } = await found(fault);
    expect(findings.cause).toBe(cause);
    expect(findings.problem).toMatch(words);
  });

  test("outlives metadata whose issuer is an object that cannot be made text", async () => {
    const body = '{"issuer":{"toString":1}}';
    const server = await rawServer((socket, request) =>
      socket.end(
        request.includes("protected-resource")
          ? "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
          : `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    expect(await discover(server.url, "Bearer", { policy }, 5)).toMatchObject({ cause: "without_prm", servers: [] });
    await server.close();
  });

  test("asks no private address that a 401 names", async () => {
    const { findings, server } = await found("none", () => 'Bearer resource_metadata="http://169.254.169.254/latest"');
    expect(findings).toMatchObject({ cause: "prm_invalid", requests: 0 });
    expect(findings.problem).toContain("private");
    expect(server.asked).toEqual([]);
  });
});
