// What a person may do to a server, as rows: limits, seals, the audit row, and nothing across tenants.
import { randomUUID } from "node:crypto";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import type { Layer } from "#lib/domain/permissions";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeRegion, makeServer, makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import { changeServer } from "./change.ts";
import { deleteCredential, setCredential } from "./credential.ts";
import { probeNow } from "./probe-now.ts";
import { registerServer } from "./register.ts";
import { removeServer } from "./remove.ts";

let db: TestDatabase;
let putAway = () => {};
beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
});
afterAll(async () => {
  putAway();
  await db.close();
});

async function actor(layers: Layer[] = ["operator"], tier = "team"): Promise<Actor> {
  const { id } = await makeTenant(db, { tier });
  return { personId: randomUUID(), name: "Somebody", tenantId: id, layers };
}
const as =
  (who: Actor) =>
  <I, R>(command: Parameters<typeof execute<I, R>>[1], input: unknown) =>
    execute<I, R>(db.appDb, command, who, input);
const actions = async (who: Actor) =>
  (
    await db.sql<{ action: string }>("SELECT action FROM audit.event WHERE tenant_id = $1 ORDER BY at", [who.tenantId])
  ).map((r) => r.action);
const register = { url: "https://mcp.example.com/mcp?key=abc", name: "", intervalS: "60", weight: "own" };

test("registering writes the server, asks for a first probe and leaves its audit row without the query", async () => {
  const who = await actor();
  const { serverId, requestId } = await as(who)(registerServer, register);
  const [server] = await db.sql("SELECT name, url FROM server WHERE id = $1", [serverId]);
  expect(server).toEqual({ name: "mcp.example.com/mcp", url: "https://mcp.example.com/mcp?key=abc" });
  const [request] = await db.sql("SELECT kind, payload, state FROM request WHERE id = $1", [requestId]);
  expect(request).toEqual({ kind: "probe-now", payload: { serverId }, state: "pending" });
  const [event] = await db.sql<{ action: string; body: string }>(
    "SELECT action, body FROM audit.event WHERE target = $1",
    [`server:${serverId}`],
  );
  expect(event?.action).toBe("server.register");
  expect(event?.body).not.toContain("abc");
});

test("the same address is watched once, and a removed one may come back", async () => {
  const who = await actor();
  const { serverId } = await as(who)(registerServer, register);
  await expect(as(who)(registerServer, register)).rejects.toMatchObject({ code: "E_CONFLICT", field: "url" });
  await as(who)(removeServer, { serverId });
  await expect(as(who)(registerServer, register)).resolves.toMatchObject({ serverId: expect.any(String) });
});

test("a tier's number of servers holds also when many register at once", async () => {
  const who = await actor(["operator"], "public");
  const tries = await Promise.allSettled(
    Array.from({ length: 6 }, (_, i) => as(who)(registerServer, { ...register, url: `https://mcp.example.com/${i}` })),
  );
  expect(tries.filter((t) => t.status === "fulfilled")).toHaveLength(3);
  const refused = tries.flatMap((t) => (t.status === "rejected" ? [t.reason.code] : []));
  expect(refused).toEqual(["E_LIMIT", "E_LIMIT", "E_LIMIT"]);
});

describe("what a form may not smuggle in", () => {
  test.each([
    ["a field that the form has not", { ...register, tenantId: randomUUID() }, "E_UNKNOWN_FIELD"],
    ["an interval below the tier's", { ...register, intervalS: "15" }, "E_LIMIT"],
    ["an interval nobody offered", { ...register, intervalS: "61" }, "E_INVALID"],
    ["this machine's address", { ...register, url: "http://127.0.0.1:5432/" }, "E_URL_BLOCKED"],
    ["the metadata service", { ...register, url: "http://169.254.169.254/" }, "E_URL_BLOCKED"],
  ])("%s", async (_, input, code) => {
    const who = await actor();
    await expect(as(who)(registerServer, input)).rejects.toMatchObject({ code });
    expect(await db.sql("SELECT 1 FROM server WHERE tenant_id = $1", [who.tenantId])).toEqual([]);
    expect(await actions(who)).toEqual([]);
  });
});

test("a credential is stored sealed, replaced, and deleted; its value is in no audit row", async () => {
  const who = await actor();
  const serverId = await makeServer(db, who.tenantId);
  await as(who)(setCredential, { serverId, kind: "bearer", headerName: "Bearer", secret: "Bearer very-secret-value" });
  const [row] = await db.sql<{ sealed: Buffer; header_name: string }>(
    "SELECT sealed, header_name FROM server_credential WHERE server_id = $1",
    [serverId],
  );
  expect(row?.header_name).toBe("Authorization");
  expect(row?.sealed.toString("latin1")).not.toContain("very-secret-value");
  await as(who)(deleteCredential, { serverId });
  await expect(as(who)(deleteCredential, { serverId })).rejects.toMatchObject({ code: "E_STATE" });
  const bodies = await db.sql<{ body: string }>("SELECT body FROM audit.event WHERE tenant_id = $1", [who.tenantId]);
  expect(JSON.stringify(bodies)).not.toContain("very-secret-value");
  expect(await actions(who)).toEqual(["server.set_credential", "server.delete_credential"]);
});

describe("a credential of another kind", () => {
  const issuer = "https://auth.example.com";
  const oauth = { kind: "oauth", clientId: "probe", secret: "very-secret-value", issuer, scope: "mcp:tools" };
  const stored = (serverId: string) =>
    db.sql<{ region: string; kind: string; settings: Record<string, string>; expires_at: Date | null }>(
      "SELECT region, kind, settings, expires_at FROM server_credential WHERE server_id = $1 ORDER BY region",
      [serverId],
    );

  test("is stored per region beside the one of all; the log has what is no secret of it", async () => {
    const who = await actor();
    const serverId = await makeServer(db, who.tenantId);
    await makeRegion(db, "fra");
    await as(who)(setCredential, { serverId, ...oauth, expiresOn: "2027-01-31" });
    await as(who)(setCredential, { serverId, kind: "bearer", secret: "of-fra", region: "fra" });
    expect(await stored(serverId)).toMatchObject([
      {
        region: "",
        kind: "oauth",
        settings: { clientId: "probe", issuer },
        expires_at: new Date("2027-01-31T23:59:59Z"),
      },
      { region: "fra", kind: "bearer", expires_at: null },
    ]);
    await as(who)(deleteCredential, { serverId, region: "fra" });
    expect(await stored(serverId)).toHaveLength(1);
    const bodies = JSON.stringify(await db.sql("SELECT body FROM audit.event WHERE tenant_id = $1", [who.tenantId]));
    expect(bodies).not.toMatch(/very-secret-value|of-fra/);
    expect(JSON.stringify(await db.sql("SELECT settings FROM server_credential"))).not.toContain("very-secret-value");
  });

  test("as a certificate ends when that ends, and takes no key but its own", async () => {
    const who = await actor();
    const serverId = await makeServer(db, who.tenantId);
    const kind = { keyType: "ec", algorithm: "sha256" } as const;
    const notAfterDate = new Date("2031-05-06T07:08:09Z");
    const [made, other] = await Promise.all([
      generate([{ name: "commonName", value: "probe" }], { ...kind, notAfterDate }),
      generate([{ name: "commonName", value: "other" }], kind),
    ]);
    const given = { serverId, kind: "mtls", certificate: made.cert };
    await as(who)(setCredential, { ...given, privateKey: made.private });
    expect(await stored(serverId)).toMatchObject([
      { kind: "mtls", settings: { subject: "CN=probe" }, expires_at: notAfterDate },
    ]);
    await expect(as(who)(setCredential, { ...given, privateKey: other.private })).rejects.toMatchObject({
      code: "E_INVALID",
      field: "privateKey",
    });
  });

  test.each<[what: string, more: object, code: string, field: string]>([
    [
      "an endpoint on a private address",
      { tokenEndpoint: "http://10.0.0.1:8080/token" },
      "E_URL_BLOCKED",
      "tokenEndpoint",
    ],
    ["an issuer that is the metadata service", { issuer: "http://169.254.169.254/" }, "E_URL_BLOCKED", "issuer"],
    ["a region that there is not", { region: "atlantis" }, "E_INVALID", "region"],
    ["nobody to ask for a token", { issuer: "" }, "E_INVALID", "issuer"],
  ])("is refused with %s, beside its field", async (_what, more, code, field) => {
    const who = await actor();
    const serverId = await makeServer(db, who.tenantId);
    await expect(as(who)(setCredential, { serverId, ...oauth, ...more })).rejects.toMatchObject({ code, field });
    expect(await stored(serverId)).toEqual([]);
  });
});

test("removing a server deletes its credential in the same step", async () => {
  const who = await actor();
  const serverId = await makeServer(db, who.tenantId);
  await as(who)(setCredential, { serverId, kind: "header", headerName: "X-API-Key", secret: "k" });
  await as(who)(removeServer, { serverId });
  expect(await db.sql("SELECT 1 FROM server_credential WHERE server_id = $1", [serverId])).toEqual([]);
});

test("asking twice for a probe that nobody has taken asks once", async () => {
  const who = await actor();
  const serverId = await makeServer(db, who.tenantId);
  const first = await as(who)(probeNow, { serverId });
  expect(await as(who)(probeNow, { serverId })).toEqual(first);
});

describe("another tenant's server is not there, whatever one asks of it", () => {
  const change = { name: "x", intervalS: "60", fireAfter: "3", clearAfter: "3", weight: "own", paused: false };
  test.each([
    ["change", (serverId: string, who: Actor) => as(who)(changeServer, { serverId, ...change })],
    ["remove", (serverId: string, who: Actor) => as(who)(removeServer, { serverId })],
    ["probe", (serverId: string, who: Actor) => as(who)(probeNow, { serverId })],
    [
      "give a credential to",
      (serverId: string, who: Actor) =>
        as(who)(setCredential, { serverId, kind: "bearer", headerName: "Bearer", secret: "s" }),
    ],
  ])("%s", async (_, attempt) => {
    const foreign = await makeServer(db, (await makeTenant(db)).id);
    const who = await actor();
    await expect(attempt(foreign, who)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
    expect(await actions(who)).toEqual([]);
  });
});

test.each([["auditor" as Layer], ["root" as Layer]])("the %s registers nothing", async (layer) => {
  await expect(as(await actor([layer]))(registerServer, register)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
});
