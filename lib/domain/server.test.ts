import { describe, expect, test } from "vitest";
import { credentialSchema, nameFromUrl, serverUrlSchema } from "./server.ts";

describe("an address is taken when a probe could go there", () => {
  test.each([
    ["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"],
    ["  http://mcp.example.com:8080/#top ", "http://mcp.example.com:8080/"],
    ["HTTPS://MCP.Example.com", "https://mcp.example.com/"],
  ])("%s becomes %s", (raw, href) => expect(serverUrlSchema.parse(raw)).toBe(href));

  test.each([
    ["nothing", "", /Paste/],
    ["words", "my server", /no web address/],
    ["another scheme", "javascript:alert(1)", /no web address/],
    ["a file", "file:///etc/passwd", /no web address/],
    ["a password inside", "https://user:pw@mcp.example.com/", /Leave user name/],
    ["3,000 characters", `https://a.example/${"x".repeat(3000)}`, /too long/],
  ])("%s is refused with a sentence", (_, raw, sentence) => {
    const parsed = serverUrlSchema.safeParse(raw);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.message).toMatch(sentence);
  });
});

describe("a credential is a header that the probe does not need itself", () => {
  test.each([
    ["X-API-Key", "k", true],
    ["Host", "k", false],
    ["mcp-session-id", "k", false],
    ["X Key", "k", false],
    ["X-API-Key", "a\r\nX-Evil: 1", false],
    ["X-API-Key", "", false],
  ])("%s: %j is taken: %s", (headerName, secret, taken) => {
    expect(credentialSchema.safeParse({ kind: "header", headerName, secret }).success).toBe(taken);
  });
});

test("a server without a name is called by its host and path", () => {
  expect(nameFromUrl("https://mcp.example.com/mcp?key=1")).toBe("mcp.example.com/mcp");
});
