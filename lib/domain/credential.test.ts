import { generate } from "selfsigned";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readCertificate } from "./client-certificate.ts";
import { credentialFields, credentialFor, expirySentence, jwtExpiry, newCredential } from "./credential.ts";

const schema = z.strictObject(credentialFields).transform(newCredential);
const refusedFields = (given: object) => {
  const parsed = schema.safeParse(given);
  return parsed.success ? [] : parsed.error.issues.map((i) => String(i.path[0]));
};
const jwt = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.c2ln`;

describe("a credential as it is typed", () => {
  test.each<[what: string, given: object, fields: string[]]>([
    ["a bearer token", { kind: "bearer", secret: "abc" }, []],
    ["a bearer token without a value", { kind: "bearer" }, ["secret"]],
    ["a value with a line break", { kind: "bearer", secret: "a\nb" }, ["secret"]],
    ["a header", { kind: "header", headerName: "X-API-Key", secret: "k" }, []],
    ["a header that the probe sets itself", { kind: "header", headerName: "Host", secret: "k" }, ["headerName"]],
    ["a header without a name", { kind: "header", secret: "k" }, ["headerName"]],
    ["an OAuth client", { kind: "oauth", clientId: "c", secret: "s", issuer: "https://as.example" }, []],
    ["an OAuth client without id and secret", { kind: "oauth" }, ["clientId", "secret", "issuer"]],
    ["an OAuth client of nobody knows whom", { kind: "oauth", clientId: "c", secret: "s" }, ["issuer"]],
    [
      "a token endpoint that is no web address",
      { kind: "oauth", clientId: "c", secret: "s", tokenEndpoint: "file:///etc/passwd" },
      ["tokenEndpoint"],
    ],
    [
      "an issuer with a password",
      { kind: "oauth", clientId: "c", secret: "s", issuer: "https://a:b@x.example" },
      ["issuer"],
    ],
    [
      "two scopes",
      { kind: "oauth", clientId: "c", secret: "s", issuer: "https://as.example", scope: "mcp:tools read" },
      [],
    ],
    [
      "a scope with a quote",
      { kind: "oauth", clientId: "c", secret: "s", issuer: "https://as.example", scope: 'a"b' },
      ["scope"],
    ],
    ["a certificate without PEM", { kind: "mtls", certificate: "x", privateKey: "y" }, ["certificate", "privateKey"]],
    ["a day that there is not", { kind: "bearer", secret: "a", expiresOn: "2026-02-30" }, ["expiresOn"]],
    ["a kind that there is not", { kind: "basic", secret: "a" }, ["kind"]],
    ["a region that is none", { kind: "bearer", secret: "a", region: "../x" }, ["region"]],
    ["a field that there is not", { kind: "bearer", secret: "a", more: "x" }, [""]],
  ])("%s", (_what, given, fields) => {
    expect([...new Set(refusedFields(given))].map((f) => (f === "undefined" ? "" : f))).toEqual(fields);
  });

  test("a bearer token loses the word that was pasted with it, and a JWT says when it ends", () => {
    const token = jwt({ exp: 1_796_000_000 });
    expect(schema.parse({ kind: "bearer", secret: `Bearer ${token}` })).toMatchObject({
      secret: token,
      headerName: "Authorization",
      expiresAt: new Date(1_796_000_000_000),
    });
    // What a person says counts more.
    const typed = schema.parse({ kind: "bearer", secret: token, expiresOn: "2026-12-01" });
    expect(typed.expiresAt?.toISOString()).toBe("2026-12-01T23:59:59.000Z");
  });

  test.each<[string, string]>([
    ["an opaque token", "ghp_abc.def"],
    ["no number", jwt({ exp: "soon" })],
    ["a number past all calendars", jwt({ exp: 1e300 })],
    ["no JSON", "a.b.c"],
  ])("%s says nothing of its end", (_what, token) => {
    expect(jwtExpiry(token)).toBeNull();
  });
});

test("a region's own credential comes before the one of all regions", () => {
  const stored = [{ region: "" }, { region: "fra" }];
  expect(credentialFor(stored, "fra")).toBe(stored[1]);
  expect(credentialFor(stored, "iad")).toBe(stored[0]);
  expect(credentialFor([{ region: "fra" }], "iad")).toBeUndefined();
});

describe("the end of a credential", () => {
  const end = new Date("2026-11-24T12:00:00Z");
  const left = (ms: number) => expirySentence(end, "", new Date(end.getTime() - ms));
  test("is silent at 72 h 1 min, said at 71 h 59 min, and said as past when it is", () => {
    expect(left(72 * 3_600_000 + 60_000)).toBeNull();
    expect(left(72 * 3_600_000 - 60_000)).toContain("less than 72 hours are left");
    expect(left(-60_000)).toBe("The credential for checking expired on 2026-11-24 12:00 UTC.");
    expect(expirySentence(end, "fra", end)).toContain("from fra");
  });
});

describe("a client certificate", () => {
  const made = generate([{ name: "commonName", value: "probe" }], { keyType: "ec", algorithm: "sha256" });
  test("says whom it names and when it ends", async () => {
    const { cert, private: key } = await made;
    expect(readCertificate({ certificate: cert, privateKey: key })).toMatchObject({ subject: "CN=probe" });
  });
  test("without its own key is refused, and so is what cannot be read", async () => {
    const { cert, private: key } = await made;
    const other = await generate([{ name: "commonName", value: "x" }], { keyType: "ec", algorithm: "sha256" });
    expect(readCertificate({ certificate: cert, privateKey: other.private })).toMatchObject({ field: "privateKey" });
    expect(readCertificate({ certificate: cert, privateKey: "garbage" })).toMatchObject({ field: "privateKey" });
    const cut = `${cert.slice(0, 200)}\n-----END CERTIFICATE-----`;
    expect(readCertificate({ certificate: cut, privateKey: key })).toMatchObject({ field: "certificate" });
  });
});
