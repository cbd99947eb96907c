// Certificates as they go wrong, each by its own code; a private authority that the installation trusts is fine.
import { createServer, type Server } from "node:https";
import { generate, type SelfsignedOptions } from "selfsigned";
import { afterEach, describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { freePort } from "#lib/testing/servers";
import { probe } from "../probe/transcript.ts";

const DAY = 86_400_000;
const policy = { allow: [{ cidr: "127.0.0.0/8" }, { cidr: "::1/128" }] };
const inDays = (days: number) => new Date(Date.now() + days * DAY);
let server: Server | undefined;

afterEach(() => new Promise<void>((done) => (server ? server.close(() => done()) : done())));

const authority = await generate([{ name: "commonName", value: "Test authority" }], {
  keyType: "ec",
  algorithm: "sha256",
  extensions: [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ],
});

async function serve(options: SelfsignedOptions, host = "localhost"): Promise<string> {
  const names = [{ type: 2 as const, value: host }];
  const made = await generate([{ name: "commonName", value: host }], {
    keyType: "ec",
    algorithm: "sha256",
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: "subjectAltName", altNames: names }],
    ...options,
  });
  const port = await freePort();
  server = createServer({ key: made.private, cert: made.cert }, (request, response) => {
    let body = "";
    request
      .on("data", (bytes) => (body += bytes))
      .on("end", () => {
        const { id, method } = JSON.parse(body) as { id: string; method: string };
        const result =
          method === "server/discover"
            ? { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }
            : { tools: [{ name: "a", inputSchema: {} }] };
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
  });
  await new Promise<void>((done) => server?.listen(port, "127.0.0.1", done));
  return `https://localhost:${port}/mcp`;
}

const look = (url: string, ca?: string) =>
  probe(
    { serverId: "s", tenantId: "t", url, headers: {}, knownEra: "modern", ca },
    { policy, monotonic: () => performance.now(), boundMs: 10_000 },
  );

describe("a certificate", () => {
  test.each<[what: string, options: SelfsignedOptions, host: string, trusted: boolean, code: string]>([
    ["of an authority that nobody knows", {}, "localhost", false, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["that has ended", { notBeforeDate: inDays(-60), notAfterDate: inDays(-1) }, "localhost", true, "CERT_HAS_EXPIRED"],
    [
      "that begins tomorrow",
      { notBeforeDate: inDays(1), notAfterDate: inDays(60) },
      "localhost",
      true,
      "CERT_NOT_YET_VALID",
    ],
    ["of another host", {}, "elsewhere.example", true, "ERR_TLS_CERT_ALTNAME_INVALID"],
  ])("%s is tls_invalid with its code", async (_what, options, host, trusted, code) => {
    const judged = judge(await look(await serve(options, host), trusted ? authority.cert : undefined));
    expect(judged).toMatchObject({
      status: "down",
      reason: "tls_invalid",
      phase: "tls",
      evidence: { errorCode: code },
    });
  });

  test("of an authority that the installation trusts is fine, and its handshake is timed apart", async () => {
    const transcript = await look(await serve({ notAfterDate: inDays(200) }), authority.cert);
    expect(judge(transcript)).toMatchObject({ status: "up", reason: null });
    expect(transcript.timings.tlsMs).toBeGreaterThan(0);
    expect(transcript.timings.dnsMs).toBeGreaterThan(0);
    expect(transcript.certificate?.daysLeft).toBe(199);
  });

  test("that ends in three weeks is named while it still works", async () => {
    const judged = judge(await look(await serve({ notAfterDate: inDays(21) }), authority.cert));
    expect(judged).toMatchObject({ status: "up", reason: "tls_expiring" });
    expect(judged.evidence.detail).toContain("in 20 days");
  });

  test("is not even asked for where plain HTTP answers", async () => {
    const url = new URL(await serve({}));
    url.protocol = "http:";
    expect(judge(await look(url.href))).toMatchObject({ status: "down", reason: "connection_reset" });
  });
});
